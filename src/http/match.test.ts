import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { match } from "./match.ts";
import { ROUTES } from "./routes.ts";

const literals = ROUTES.flatMap(({ path }) => path.split("/")).filter((segment) => /^[a-z]/.test(segment));
/** Names made of the words that paths are made of, and whatever else stands for a placeholder. */
const name = fc.array(fc.constantFrom(...new Set(literals), "a"), { minLength: 1, maxLength: 4 });
const segment = fc.constantFrom(...new Set(literals), "_list", "v1", "sha256:beef");

test("every route is found by its own paths, with what its placeholders stood for", () => {
  fc.assert(
    fc.property(fc.constantFrom(...ROUTES), name, segment, (route, words, value) => {
      const expected: Record<string, string> = {};
      const path = route.path.replaceAll(/<(\w+)>/g, (_, placeholder: string) => {
        expected[placeholder] = placeholder === "name" ? words.join("/") : value;
        return expected[placeholder];
      });
      const found = match(route.method, path);
      assert.equal(found.route.path, route.path);
      assert.deepEqual({ ...found.params }, expected);
    }),
    { numRuns: 5_000 },
  );
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
