import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer, jsonOf } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

/** Of as many bytes as it has characters, of more, and with what JSON escapes. */
const TEXTS = { ascii: "abcd", more: "éß→😀", escaped: 'a"\\\u2028\n' };
/** How often a text is repeated: for a page far below what is kept as text, just around that, and far beyond. */
const TIMES = [1, 100, 150, 200, 250, 300, 350, 400, 450, 500, 4_000];

describe("a page that is kept is what was made", () => {
  for (const [kind, text] of Object.entries(TEXTS)) {
    test(`whatever is in it, and however long it is: ${kind}`, async () => {
      for (const times of TIMES) {
        const repository = `${kind}/n${times}`;
        const annotations = { said: text.repeat(times) };
        await pushManifest(host, `${repository}:v1`, manifestOf({ annotations }));
        for (const path of [
          `/v2/${repository}/_supercargo/tags?include=annotations`,
          `/v2/${repository}/tags/list`,
        ]) {
          const made = await expectAnswer(host, `GET ${path}`, { status: 200 });
          const length = made.bytes.byteLength;
          const headers = { "content-length": length, "content-type": "application/json" };
          // It is kept when it is asked for again.
          for (let time = 0; time < 2; time++)
            await expectAnswer(host, `GET ${path}`, { status: 200, headers, bytes: made.bytes });
          await expectAnswer(host, `HEAD ${path}`, { status: 200, headers, bytes: "" });
          if (path.includes("include")) assert.deepEqual(itemsIn(jsonOf(made)), [annotations]);
          else await expectUnchanged(path, made.headers.etag);
        }
      }
    });
  }
});

/** Only of a page that does not change by the minute. */
async function expectUnchanged(path: string, etag: string | undefined): Promise<void> {
  const send = { headers: { "If-None-Match": etag } };
  const headers = { "content-length": undefined, etag };
  await expectAnswer(host, `GET ${path}`, { send, status: 304, headers, bytes: "" });
}

function itemsIn(page: unknown): unknown[] {
  return (page as { items: { annotations: unknown }[] }).items.map(({ annotations }) => annotations);
}
