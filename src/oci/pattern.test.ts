import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matches, parsePattern } from "./pattern.ts";

function meant(text: string, name: string): boolean {
  const pattern = parsePattern(text);
  assert.ok(pattern, text);
  return matches(pattern, name);
}

test("a pattern without stars means one repository, and none above, below or beside it", () => {
  assert.equal(meant("team/app", "team/app"), true);
  for (const name of ["team", "team/app/web", "team/ap", "team/apps", "ateam/app", "app"])
    assert.equal(meant("team/app", name), false, name);
});

test("a star stands for any text within one segment, none included", () => {
  for (const name of ["team-a/app", "team-/app"]) assert.equal(meant("team-*/app", name), true, name);
  for (const name of ["team-a/b/app", "team/app", "team-a/app/x", "team-a"])
    assert.equal(meant("team-*/app", name), false, name);
  assert.equal(meant("*", "library"), true);
  assert.equal(meant("*", "library/debian"), false);
});

test("two stars stand for any number of segments, none included", () => {
  for (const name of ["library", "library/debian", "library/a/b"])
    assert.equal(meant("library/**", name), true, name);
  for (const name of ["libraryx", "libraryx/a", "my/library"])
    assert.equal(meant("library/**", name), false, name);
  for (const name of ["app", "a/app", "a/b/app"]) assert.equal(meant("**/app", name), true, name);
  for (const name of ["a", "a/b/c"]) assert.equal(meant("**", name), true, name);
});

test("what can be no pattern is none", () => {
  for (const text of [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "Team/a",
    "a**",
    "***",
    "a b",
    "a:b",
    "é",
    "a".repeat(301),
  ])
    assert.equal(parsePattern(text), undefined, text);
});

const letter = fc.constantFrom("a", "b", ".", "-");
const part = fc.string({ unit: letter, minLength: 1, maxLength: 4 });
const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
const wanted = fc.string({ unit: fc.oneof(letter, fc.constant("*")), minLength: 1, maxLength: 5 });
const pattern = fc
  .array(fc.oneof(fc.constant("**"), wanted), { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join("/"))
  .filter((text) => parsePattern(text) !== undefined);

/** The meaning of a pattern, by trying everything. */
function tried([segment, ...more]: readonly string[], parts: readonly string[]): boolean {
  if (segment === undefined) return parts.length === 0;
  if (segment === "**") return parts.some((_, at) => tried(more, parts.slice(at))) || tried(more, []);
  const form = new RegExp(`^${segment.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
  return parts[0] !== undefined && form.test(parts[0]) && tried(more, parts.slice(1));
}

test("whatever pattern and name, they match when some way to read the stars makes them equal", () => {
  let matched = 0;
  const property = fc.property(pattern, name, (text, given) => {
    const expected = tried(text.split("/"), given.split("/"));
    matched += Number(expected);
    assert.equal(meant(text, given), expected, `${text} on ${given}`);
  });
  fc.assert(property, { numRuns: 2_000 });
  assert.ok(matched > 0, "nothing ever matched");
});

test("a pattern that almost fits in endlessly many ways is refused all the same", () => {
  // Tried one by one, the ways to read these stars would outlast the test run.
  assert.equal(meant(`${"*a".repeat(60)}*b`, "a".repeat(255)), false);
  assert.equal(meant(`${"**/a*/".repeat(40)}b`, Array.from({ length: 127 }, () => "a").join("/")), false);
});
