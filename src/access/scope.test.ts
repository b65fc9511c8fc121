import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { ACTIONS } from "./action.ts";
import type { Grant } from "./caller.ts";
import { matches, parsePattern } from "../oci/pattern.ts";
import { formatScope, grantsFor, narrow, parseScopes } from "./scope.ts";

const formatted = (...texts: string[]): string[] => parseScopes(texts).map(formatScope);
const may = (
  grants: readonly Grant[],
  action: Grant["actions"] extends ReadonlySet<infer A> ? A : never,
  name: string,
): boolean => grants.some((grant) => grant.actions.has(action) && matches(grant.pattern, name));

describe("scopes", () => {
  test("are read one by one and joined, and those of one repository are one", () => {
    assert.deepEqual(formatted("repository:a:pull repository:b/c:push", "repository:a:push,pull"), [
      "repository:a:pull,push",
      "repository:b/c:push",
    ]);
  });

  test("are read with a class, which says nothing, and with a star, which is every action", () => {
    assert.deepEqual(formatted("repository(plugin):a:*"), ["repository:a:list,pull,push,delete"]);
  });

  test("for everything there is are written in one way", () => {
    for (const text of ["registry:catalog:*", "repository:*:list", "repository:*:list,pull"])
      assert.deepEqual(formatted(text), ["registry:catalog:*"]);
    for (const text of ["repository:*:pull", "repository:*:*", "registry:catalog:list", "registry:x:*"])
      assert.deepEqual(formatted(text), [], text);
  });

  test("of what is no name, or no action, are left out", () => {
    const odd = [
      "repository:A:pull",
      "repository:a/../b:pull",
      "repository:host:5000/a:pull",
      "repository:a/**:pull",
      "repository:a:",
      "repository:a:fly",
      "repository:a",
      ":",
      "plugin:a:pull",
    ];
    for (const text of odd) assert.deepEqual(formatted(text), [], text);
  });

  test("are refused when they are too many or too long", () => {
    const refused = (texts: string[]): void =>
      assert.throws(
        () => parseScopes(texts),
        (error) => error instanceof RegistryError && error.code === "PARAMETER_INVALID",
      );
    refused(Array.from({ length: 51 }, () => "repository:a:pull"));
    refused([`repository:${"a".repeat(3_000)}:pull`]);
  });

  test("allow to list where they allow to pull, and below a namespace where they say list", () => {
    const grants = grantsFor(parseScopes(["repository:a/b:pull repository:team:list"]));
    assert.ok(may(grants, "list", "a/b") && may(grants, "pull", "a/b"));
    assert.ok(!may(grants, "list", "a/b/c") && !may(grants, "push", "a/b"));
    assert.ok(
      may(grants, "list", "team") && may(grants, "list", "team/x/y") && !may(grants, "list", "teams"),
    );
    assert.ok(!may(grants, "pull", "team/x"));
  });
});

describe("limits", () => {
  const segment = fc.constantFrom("a", "b", "ab");
  const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const pattern = fc
    .array(fc.oneof(segment, fc.constantFrom("*", "**", "a*")), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join("/"));
  const actions = fc.uniqueArray(fc.constantFrom(...ACTIONS), { minLength: 1 });
  const scope = fc
    .tuple(fc.oneof(name, fc.constant("*")), actions)
    .map(([where, what]) => `repository:${where}:${what.join(",")}`);
  const limits = fc.array(
    fc.tuple(pattern, actions).map(([text, what]): Grant => ({
      pattern: parsePattern(text) ?? assert.fail(text),
      actions: new Set(what),
    })),
    { maxLength: 3 },
  );

  test("and what is asked for never allow together what one of them does not", () => {
    fc.assert(
      fc.property(fc.array(scope, { maxLength: 3 }), limits, name, (scopes, within, where) => {
        const asked = grantsFor(parseScopes(scopes));
        for (const action of ACTIONS)
          if (may(narrow(asked, within), action, where))
            assert.ok(may(asked, action, where) && may(within, action, where));
      }),
      { numRuns: 2_000 },
    );
  });

  test("leave all of what is asked for by name that they allow", () => {
    fc.assert(
      fc.property(name, actions, limits, (where, what, within) => {
        const asked = grantsFor(parseScopes([`repository:${where}:${what.join(",")}`]));
        for (const action of what)
          assert.equal(may(narrow(asked, within), action, where), may(within, action, where));
      }),
      { numRuns: 2_000 },
    );
  });

  test("that are absent leave everything", () => {
    const asked = grantsFor(parseScopes(["repository:a:pull"]));
    assert.equal(narrow(asked, undefined), asked);
    assert.deepEqual(narrow(asked, []), []);
  });
});
