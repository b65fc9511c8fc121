import fc from "fast-check";
import { ACTIONS } from "../../src/access/action.ts";
import type { Caller } from "../../src/access/caller.ts";
import { parsePattern } from "../../src/oci/pattern.ts";
import { basic, bearer, tokenFor } from "./access.ts";

/** A robot of the reader, who may do less than they. */
export const ROBOT: Caller = {
  user: "reader",
  robot: "ci",
  groups: [],
  grants: [
    { pattern: parsePattern("a/**")!, actions: new Set(ACTIONS) },
    { pattern: parsePattern("**/b")!, actions: new Set(["pull"]) },
  ],
};

/** Who asks: nobody, the reader, or their robot; and by a token for these scopes, if any, else by password. */
export type Asker = { readonly user?: string; readonly scopes?: readonly string[] };

/** Scopes, of which a token may be for some. What is in braces is filled in. */
const SCOPES = [
  "repository:{name}:pull",
  "repository:{name}:pull,push",
  "repository:{name}:list",
  "repository:a:list",
  "repository:none:pull",
  "repository:a/b:delete,pull",
  "repository:*:list",
  "registry:catalog:*",
];

function anyScopes(): fc.Arbitrary<string[]> {
  return fc.uniqueArray(fc.constantFrom(...SCOPES), { maxLength: 3 });
}

export function anyAsker(): fc.Arbitrary<Asker> {
  return fc.record(
    { user: fc.constantFrom("reader", "reader+ci"), scopes: anyScopes() },
    { requiredKeys: [] },
  );
}

/** The headers by which one of a registry's askers asks. */
export async function headersOf(
  { user, scopes }: Asker,
  host: string,
  fill: (text: string) => string,
): Promise<Readonly<Record<string, string>>> {
  if (scopes) return bearer(await tokenFor(host, user, scopes.map(fill)));
  return user === undefined ? {} : basic(user);
}

/** A form for a token: of the reader or their robot, with a password that may be wrong. */
export function anyTokenForm(): fc.Arbitrary<string> {
  return fc
    .record({
      username: fc.constantFrom("reader", "reader+ci", "nobody"),
      password: fc.constantFrom("reader-password", "reader+ci-password"),
      grant_type: fc.constantFrom("password", "password", "password", "refresh_token"),
      access_type: fc.constantFrom("online", "offline"),
      scopes: anyScopes(),
    })
    .map(({ scopes, ...form }) => new URLSearchParams({ ...form, scope: scopes.join(" ") }).toString());
}
