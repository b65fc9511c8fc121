import { ACTIONS, type Action } from "../access/action.ts";
import type { Caller } from "../access/caller.ts";
import { OPEN_POLICY, permits, permitsEverywhere } from "../access/policy.ts";
import { ADMIN_ALL, formatScope, LIST_ALL } from "../access/scope.ts";
import { viewOf } from "../access/view.ts";
import type { View } from "../oci/view.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../oci/name.ts";
import { asAbsent } from "./absent.ts";
import { type Access, type Identity, isGuarded } from "./authenticate.ts";
import { repositoryOf, type Call } from "./call.ts";
import { challenge, type Lack } from "./challenge.ts";
import { asSeen } from "./seen.ts";

/**
 * What a route needs: an action in the repository that its path names; `seen`: that there is anything its caller may list,
 * which is all it shows; `catalog`: the same, and that they have shown who they are, if only by a token of nobody, as
 * clients of registries log in where they are asked to and nowhere else; `everything`: that they may list all there is;
 * `administration`: that they may do everything everywhere; `credentials`: a token, be it that of nobody, or a password;
 * `nothing`.
 */
export type Needs = Action | "seen" | "catalog" | "everything" | "administration" | "credentials" | "nothing";

/** What the caller of one request may do. */
export type Rights = {
  readonly identity: Identity;
  /** That a policy is in force: without one, everybody may do everything. */
  readonly isGuarded: boolean;
  may(action: Action, repository: RepositoryName): boolean;
  mayEverywhere(action: Action): boolean;
  /** The repositories in which the caller may do something; `undefined`: everywhere. */
  view(action: Action): View | undefined;
  /** What they are by now, for answers that take long: the policy may be another one. */
  now(): Rights;
  /** The same without the limits of the token. */
  couldBe: Pick<Rights, "may" | "mayEverywhere" | "view">;
};

export function rightsOf(identity: Identity, access: Access | undefined): Rights {
  // One policy for the whole request, whatever is reloaded meanwhile.
  const policy = access?.policy() ?? OPEN_POLICY;
  const of = (caller: Caller): Rights["couldBe"] => ({
    may: (action, repository) => permits(policy, caller, { action, repository }),
    mayEverywhere: (action) => permitsEverywhere(policy, caller, action),
    view: (action) => viewOf(policy, caller, action),
  });
  return {
    identity,
    isGuarded: isGuarded(access),
    now: () => rightsOf(identity, access),
    ...of(identity.caller),
    couldBe: of(identity.unscoped),
  };
}

/**
 * The call as its caller may make it. What they may not see is not there for them; what they may see but not do is
 * `DENIED`; where logging in, or a token for more, could change that, `UNAUTHORIZED` with the challenge.
 */
export function authorize(call: Call, needs: Needs): Call {
  const { rights } = call;
  if (!rights.isGuarded || needs === "nothing") return call;
  if (needs === "credentials") {
    if (rights.identity.proof === "none") throw challenge("Log in, or get a token without logging in.");
    return call;
  }
  if (needs === "everything" || needs === "administration") return withEverything(call, needs);
  if (needs === "catalog" && rights.identity.proof === "none") {
    throw challenge("Log in, or get a token without logging in.", { scope: formatScope(LIST_ALL) });
  }
  return needs === "seen" || needs === "catalog" ? withSeen(call) : inRepository(call, needs);
}

/** What is about all of the registry: the scope that it needs, and in words what its bearer may do. */
const EVERYWHERE = {
  everything: { scope: LIST_ALL, may: "list all repositories" },
  administration: { scope: ADMIN_ALL, may: "do everything in all repositories" },
} as const;

function withEverything(call: Call, needs: keyof typeof EVERYWHERE): Call {
  const { rights } = call;
  const { scope, may } = EVERYWHERE[needs];
  const isAllowed = (of: Pick<Rights, "mayEverywhere">): boolean =>
    scope.actions.every((action) => of.mayEverywhere(action));
  if (isAllowed(rights)) return call;
  requireLogin(rights, { scope: formatScope(scope), isEnough: isAllowed(rights.couldBe) });
  const message = `This is about all of the registry, and only for who may ${may}. Ask whoever runs it for that.`;
  throw new RegistryError("DENIED", message);
}

/** A list over many repositories has what its caller sees of them. Who sees nothing is asked to log in, if that can help. */
function withSeen(call: Call): Call {
  const { rights } = call;
  const view = rights.view("list");
  if (!view) return call;
  if (view.ranges.length === 0) {
    const isEnough = rights.couldBe.view("list")?.ranges.length !== 0;
    requireLogin(rights, { scope: formatScope(LIST_ALL), isEnough });
  }
  return asSeen(call, view);
}

/** Goes by the name alone, so that no answer depends on whether there is such a repository. */
function inRepository(call: Call, action: Action): Call {
  const { rights } = call;
  const repository = repositoryOf(call);
  if (rights.may(action, repository)) return call;
  const scope = `repository:${repository}:${SCOPE_ACTIONS[action]}`;
  requireLogin(rights, { scope, isEnough: rights.couldBe.may(action, repository) });
  const changes = action === "push" || action === "delete";
  if (!changes && !ACTIONS.some((one) => rights.couldBe.may(one, repository))) return asAbsent(call);
  const message = `You may not ${action} in repository ${repository}. Ask whoever runs this registry for it.`;
  throw new RegistryError("DENIED", message, { detail: { repository, action } });
}

/** What clients are told to ask for. Pushing clients look first whether a blob is there; to list tags all ask for `pull`. */
const SCOPE_ACTIONS: Readonly<Record<Action, string>> = {
  list: "pull",
  pull: "pull",
  push: "pull,push",
  delete: "delete",
};

/** `UNAUTHORIZED` for who has not logged in, and for who could have a token that is enough. */
function requireLogin(
  { identity }: Rights,
  { scope, isEnough }: { readonly scope: string; readonly isEnough: boolean },
): void {
  const isNobody = identity.unscoped.user === undefined;
  if (!isNobody && !isEnough) return;
  const lack: Lack = { scope, ...(identity.proof === "token" && { error: "insufficient_scope" }) };
  const message = isNobody
    ? "The registry does not know who is asking, and this is not for everybody. Log in."
    : "The token is not for this. Get one with the scope that the challenge names.";
  throw challenge(message, lack);
}
