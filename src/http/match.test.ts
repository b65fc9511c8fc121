import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { match } from "./match.ts";
import { ROUTES } from "./routes.ts";

const literals = ROUTES.flatMap(({ path }) => path.split("/")).filter((segment) => /^[a-z]/.test(segment));
/** Names made of the words that paths are made of, and whatever else stands for a placeholder. */
const name = fc.array(fc.constantFrom(...new Set(literals), "a"), { minLength: 1, maxLength: 4 });
const segment = fc.constantFrom(...new Set(literals), "v1", "sha256:beef");
/** Where a path that ends so is not about a namespace: the tags, or manifests, of what comes before. */
const OTHER_LISTS = ["/tags/_list", "/manifests/_list"];

test("every route is found by its own paths, with what its placeholders stood for", () => {
  fc.assert(
    fc.property(fc.constantFrom(...ROUTES), name, segment, (route, words, value) => {
      const expected: Record<string, string> = {};
      const path = route.path.replaceAll(/<(\w+)>/g, (_, placeholder: string) => {
        expected[placeholder] = placeholder === "name" ? words.join("/") : value;
        return expected[placeholder];
      });
      const isList = route.path === "/v2/<name>/_list" && words.length > 1;
      fc.pre(!isList || !OTHER_LISTS.some((end) => path.endsWith(end)));
      const found = match(route.method, path);
      assert.equal(found.route.path, route.path);
      assert.deepEqual({ ...found.params }, expected);
    }),
    { numRuns: 5_000 },
  );
});

test("where two paths fit a request, the lists of one repository and the history of a tag come first", () => {
  for (const [path, expected, repository] of [
    ["/v2/_list", "/v2/_list", undefined],
    ["/v2/tags/_list", "/v2/<name>/_list", "tags"],
    ["/v2/manifests/_list", "/v2/<name>/_list", "manifests"],
    ["/v2/a/tags/_list", "/v2/<name>/tags/_list", "a"],
    ["/v2/a/manifests/_list", "/v2/<name>/manifests/_list", "a"],
    ["/v2/a/tags/tags/_list", "/v2/<name>/tags/_list", "a/tags"],
    ["/v2/a/blobs/_list", "/v2/<name>/_list", "a/blobs"],
    ["/v2/a/blobs/uploads/_list", "/v2/<name>/_list", "a/blobs/uploads"],
    ["/v2/a/referrers/_list", "/v2/<name>/_list", "a/referrers"],
    ["/v2/a/_oci/tag-history/_list", "/v2/<name>/_oci/tag-history/<tag>", "a"],
    ["/v2/a/_supercargo/tags/manifests/history", "/v2/<name>/_supercargo/tags/<tag>/history", "a"],
  ] as const) {
    const { route, params } = match("GET", path);
    assert.deepEqual([route.path, params["name"]], [expected, repository], path);
  }
  assert.equal(match("PUT", "/v2/a/manifests/_list").route.path, "/v2/<name>/manifests/<reference>");
});

test("whatever is asked for is matched or refused with a code", () => {
  const text = fc.oneof(fc.webPath(), fc.string({ unit: "binary" }), segment);
  const url = fc.array(text, { maxLength: 6 }).map((parts) => `/v2/${parts.join("/")}`);
  fc.assert(
    fc.property(fc.constantFrom("GET", "PUT", "BREW"), url, (method, target) => {
      try {
        assert.ok(match(method, target).route);
      } catch (error) {
        assert.ok(error instanceof RegistryError, String(error));
        assert.ok(["ROUTE_UNKNOWN", "UNSUPPORTED", "REQUEST_INVALID"].includes(error.code));
      }
    }),
  );
});
