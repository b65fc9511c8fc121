import assert from "node:assert/strict";
import { mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { RegistryError } from "../errors.ts";
import { keysInFolder } from "./key-file.ts";
import { KEPT_MS, KEY_MS, Keys, SHOWN_MS } from "./keys.ts";

const START = new Date("2026-01-01T00:00:00Z");

/** Keys in a folder of their own, and a clock for them. */
function inFolder(): Disposable & {
  path: string;
  now: Date;
  open: () => Promise<Keys>;
  later: (ms: number) => void;
} {
  const folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-keys-"));
  const clock = {
    path: folder.path,
    now: START,
    open: () => Keys.open(keysInFolder(folder.path), { now: () => clock.now }),
    later: (ms: number) => {
      clock.now = new Date(clock.now.getTime() + ms);
    },
    [Symbol.dispose]: () => folder.remove(),
  };
  return clock;
}

describe("keys", () => {
  test("are made once, and are there again after a restart", async () => {
    using here = inFolder();
    const first = await here.open();
    const again = await here.open();
    assert.equal(again.signer().kid, first.signer().kid);
    assert.deepEqual(again.shown(), first.shown());
    assert.ok(await again.find(first.signer().kid));
  });

  test("are for nobody but their owner, and show their public halves alone", async () => {
    using here = inFolder();
    const keys = await here.open();
    const file = join(here.path, "keys.json");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const [stored] = (JSON.parse(readFileSync(file, "utf8")) as { keys: { jwk: { d: string } }[] }).keys;
    assert.ok(stored && stored.jwk.d.length > 20);
    assert.ok(!JSON.stringify(keys.shown()).includes(stored.jwk.d));
  });

  test("replace each other: shown first, then signing, then only verifying, then gone", async () => {
    using here = inFolder();
    const keys = await here.open();
    const old = keys.signer().kid;
    here.later(KEY_MS - SHOWN_MS - 1);
    await keys.rotate();
    assert.equal(keys.shown().keys.length, 1);
    here.later(1);
    await keys.rotate();
    assert.equal(keys.shown().keys.length, 2);
    assert.equal(keys.signer().kid, old);
    here.later(SHOWN_MS);
    const next = keys.signer().kid;
    assert.notEqual(next, old);
    assert.ok(await keys.find(old));
    here.later(KEPT_MS - SHOWN_MS);
    await keys.rotate();
    assert.equal(await keys.find(old), undefined);
    assert.ok(await keys.find(next));
    assert.ok(!keys.shown().keys.some(({ kid }) => kid === old));
  });

  test("that another node has made are found", async () => {
    using here = inFolder();
    const mine = await here.open();
    here.later(KEY_MS);
    const theirs = await here.open();
    const made = theirs.shown().keys.find(({ kid }) => kid !== mine.signer().kid)?.kid ?? "";
    assert.ok(await mine.find(made));
  });

  test("that nobody has made are not looked for again and again", async () => {
    let reads = 0;
    using here = inFolder();
    const store = keysInFolder(here.path);
    const counted = { ...store, read: () => (reads++, store.read()) };
    const keys = await Keys.open(counted, { now: () => here.now });
    const before = reads;
    for (let at = 0; at < 10; at++) assert.equal(await keys.find(`unknown-${at}`), undefined);
    assert.equal(reads, before);
  });

  test("that are damaged are not replaced, as all would have to log in again", async () => {
    for (const text of ["", "{}", "[]", '{"keys":[{}]}', '{"keys":[{"kid":"a","created":"x","jwk":{}}]}']) {
      using here = inFolder();
      const file = join(here.path, "keys.json");
      writeFileSync(file, text);
      await assert.rejects(
        here.open(),
        (error) => error instanceof RegistryError && error.code === "DATA_UNUSABLE",
        text,
      );
      assert.equal(readFileSync(file, "utf8"), text);
    }
  });
});
