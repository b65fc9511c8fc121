import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { RegistryError } from "../errors.ts";
import { ready } from "./readiness.ts";

const answers = async (): Promise<number> => 1;
const fails = async (): Promise<never> => {
  throw new Error("gone");
};

test("ready when every part answers", async () => {
  await ready({ catalog: answers, blobs: answers });
});

test("not ready names every part that fails, and keeps why for the log", async () => {
  await assert.rejects(ready({ catalog: fails, blobs: answers, more: fails }), (error) => {
    assert.ok(error instanceof RegistryError && error.code === "UNAVAILABLE");
    assert.deepEqual(error.detail, { failed: ["catalog", "more"] });
    assert.match(error.message, /from the catalog and the more\./);
    assert.match(String(error.cause), /Error: gone; Error: gone/);
    return true;
  });
  await assert.rejects(ready({ catalog: fails }), (error) => {
    assert.match(String((error as Error).cause), /^Error: gone$/);
    return true;
  });
});

test("a part that does not answer in time has failed", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const outcome = ready({ catalog: answers, blobs: () => new Promise(() => {}) });
    const refused = assert.rejects(outcome, (error) => {
      assert.ok(error instanceof RegistryError);
      assert.deepEqual(error.detail, { failed: ["blobs"] });
      return true;
    });
    // The catalog's answer comes first.
    await setImmediate();
    mock.timers.tick(2000);
    await refused;
  } finally {
    mock.timers.reset();
  }
});
