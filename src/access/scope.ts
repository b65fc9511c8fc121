import { RegistryError } from "../errors.ts";
import { parseName, type RepositoryName } from "../oci/name.ts";
import { ACTIONS, type Action } from "./action.ts";
import type { Grant } from "./caller.ts";
import { matches, parsePattern, type Pattern } from "../oci/pattern.ts";

/** How many scopes one token may be asked for, and how long they may be together: it has to fit into a header. */
const SCOPES_MAX = 50;
const SCOPES_LENGTH_MAX = 3_000;

const FORM = /^(?<type>[a-z0-9]+)(?:\([a-z0-9]+\))?:(?<name>[^ ]+):(?<actions>[a-z_,*]*)$/;

/**
 * What a client asks a token for (distribution "Token Scope Documentation"), as far as there is such a thing here: actions in
 * a repository; `list` of a namespace, which is the repository of that name and all below it; `list` of everything; or all
 * of it, for who runs the registry.
 */
export type Scope = {
  readonly type: "repository";
  readonly name: RepositoryName | "*";
  readonly actions: readonly Action[];
};

/** Everything may be listed that the policy lets its bearer list. What a token has that is asked for without a scope. */
export const LIST_ALL: Scope = { type: "repository", name: "*", actions: ["list"] };

/** Everything may be done that the policy lets its bearer do. It has to be asked for by name. */
export const ADMIN_ALL: Scope = { type: "repository", name: "*", actions: ACTIONS };

const CATALOG = "registry:catalog:*";
const ADMIN = "registry:admin:*";

/**
 * Reads scopes from parameters, each of which may have several with spaces between them. What is not known here is left
 * out, as a token may always carry less than was asked for. `PARAMETER_INVALID` when they are too many.
 */
export function parseScopes(parameters: readonly string[]): readonly Scope[] {
  const texts = parameters.flatMap((text) => text.split(" ")).filter((text) => text !== "");
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (texts.length > SCOPES_MAX || length > SCOPES_LENGTH_MAX) {
    throw new RegistryError(
      "PARAMETER_INVALID",
      `One token may be asked for ${SCOPES_MAX} scopes of ${SCOPES_LENGTH_MAX} characters together. Ask for several tokens.`,
      { detail: { parameter: "scope" } },
    );
  }
  const scopes = new Map<string, ReadonlySet<Action>>();
  for (const text of texts) {
    const { name, actions } = scopeIn(text) ?? { name: "*", actions: [] };
    if (actions.length > 0) scopes.set(name, new Set([...(scopes.get(name) ?? []), ...actions]));
  }
  return [...scopes].map(([name, actions]) => ({
    type: "repository",
    name: name as Scope["name"],
    actions: ACTIONS.filter((action) => actions.has(action)),
  }));
}

function scopeIn(text: string): Scope | undefined {
  if (text === CATALOG) return LIST_ALL;
  if (text === ADMIN) return ADMIN_ALL;
  const { type, name = "", actions = "" } = FORM.exec(text)?.groups ?? {};
  if (type !== "repository") return undefined;
  const words = actions.split(",");
  const known = ACTIONS.filter((action) => words.includes(action) || words.includes("*"));
  if (name === "*") return known.includes("list") && !words.includes("*") ? LIST_ALL : undefined;
  const repository = nameIn(name);
  return repository && { type, name: repository, actions: known };
}

function nameIn(text: string): RepositoryName | undefined {
  try {
    return parseName(text);
  } catch {
    return undefined;
  }
}

/** The scope as clients write it. */
export function formatScope({ type, name, actions }: Scope): string {
  if (name !== "*") return `${type}:${name}:${actions.join(",")}`;
  return actions.length === ACTIONS.length ? ADMIN : CATALOG;
}

/**
 * What the bearer of a token for these scopes is limited to. Who may pull from a repository may list its tags, if the
 * policy says so too: clients ask for nothing but `pull` when they list tags.
 */
export function grantsFor(scopes: readonly Scope[]): readonly Grant[] {
  return scopes.flatMap(({ name, actions }) => {
    if (name === "*") return [grant("**", actions)];
    const here = actions.includes("pull") ? [...actions, "list" as const] : actions;
    return [grant(name, here), ...(actions.includes("list") ? [grant(`${name}/**`, ["list"])] : [])];
  });
}

function grant(text: string, actions: readonly Action[]): Grant {
  const pattern = parsePattern(text);
  if (!pattern) throw new Error(`${text} is no pattern.`);
  return { pattern, actions: new Set(actions) };
}

/**
 * What both allow: the grants of scopes, within limits that their bearer has whatever is asked for. Never more; less where
 * the two meet in a way that no pattern can say.
 */
export function narrow(asked: readonly Grant[], limits: readonly Grant[] | undefined): readonly Grant[] {
  if (!limits) return asked;
  return asked.flatMap((one) =>
    limits.flatMap((limit) => {
      const actions = ACTIONS.filter((action) => one.actions.has(action) && limit.actions.has(action));
      const pattern = actions.length > 0 ? meeting(one.pattern, limit.pattern) : undefined;
      return pattern ? [{ pattern, actions: new Set(actions) }] : [];
    }),
  );
}

/** `asked` is a name, all below a name, or everything. */
function meeting(asked: Pattern, limit: Pattern): Pattern | undefined {
  if (asked.text === "**" || asked.text === limit.text) return limit;
  const below = asked.text.endsWith("/**") ? asked.text.slice(0, -"/**".length) : undefined;
  if (below === undefined) return matches(limit, asked.text) ? asked : undefined;
  // A limit that ends so and has the namespace itself has all that is below it.
  if (limit.text.endsWith("**") && matches(limit, below)) return asked;
  return limit.text === below || limit.text.startsWith(`${below}/`) ? limit : undefined;
}
