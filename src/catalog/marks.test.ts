import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { marksOf } from "./marks.ts";

const anyPairs = fc.dictionary(fc.string(), fc.string(), { maxKeys: 8 });
const anyPlatforms = fc.array(fc.stringMatching(/^linux\/[a-z0-9]{1,6}(\/v[0-9])?$/), { maxLength: 8 });

test("Marks of a content have those of each thing it has, and are a number that is exact", () => {
  fc.assert(
    fc.property(anyPairs, anyPairs, anyPlatforms, (annotations, labels, platforms) => {
      const marks = marksOf({ annotations, labels, platforms });
      assert.ok(Number.isSafeInteger(marks) && marks >= 0);
      const parts = [
        ...Object.entries(annotations).map((pair) => ({ annotations: Object.fromEntries([pair]) })),
        ...Object.entries(labels).map((pair) => ({ labels: Object.fromEntries([pair]) })),
        ...platforms.map((platform) => ({ platforms: [platform] })),
      ];
      for (const part of parts) {
        const bit = marksOf(part);
        assert.equal(BigInt(marks) & BigInt(bit), BigInt(bit));
        assert.notEqual(bit, 0);
      }
    }),
  );
});

test("A platform has the mark of its variants, and a label that of no annotation", () => {
  assert.equal(marksOf({ platforms: ["linux/arm64"] }), marksOf({ platforms: ["linux/arm64/v8"] }));
  assert.notEqual(marksOf({ labels: { team: "infra" } }), marksOf({ annotations: { team: "infra" } }));
  assert.equal(marksOf({}), 0);
});
