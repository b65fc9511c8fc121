import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Item, Page } from "../client/registry.ts";
import { fieldColumn, formatBytes } from "./columns.ts";
import { printPages, type Format } from "./printer.ts";

const COLUMNS = [fieldColumn("name"), fieldColumn("tagCount")];

/** What is printed of pages, as one text, and as a list of what was written at a time. */
async function printed(pages: readonly Page[], format: Format): Promise<{ text: string; writes: string[] }> {
  const writes: string[] = [];
  async function* source(): AsyncGenerator<Page> {
    yield* pages;
  }
  await printPages(source(), {
    format,
    columns: COLUMNS,
    write: async (text) => void writes.push(text),
  });
  return { text: writes.join(""), writes };
}

const itemsNamed = (count: number): Item[] => Array.from({ length: count }, (_, at) => ({ name: `n${at}` }));

test("a long table is printed as it comes, in columns of one width", async () => {
  const { text, writes } = await printed(
    [{ items: itemsNamed(2000) }, { items: [{ name: "a much longer name", tagCount: 7 }] }],
    "table",
  );
  assert.equal(writes.length, 2);
  const lines = text.split("\n");
  assert.equal(lines[0], "NAME   TAG COUNT");
  assert.equal(lines.length, 2003);
  assert.equal(lines[2001], "a much longer name  7");
});

test("a table of few rows has columns as wide as the widest of them, and one of none its titles", async () => {
  const { text } = await printed(
    [{ items: [{ name: "a" }] }, { items: [{ name: "longer", tagCount: 1 }] }],
    "table",
  );
  assert.equal(text, "NAME    TAG COUNT\na\nlonger  1\n");
  assert.equal((await printed([], "table")).text, "NAME  TAG COUNT\n");
});

test("JSON says the same as the items, whatever is in them, and nothing that moves a cursor", async () => {
  const item = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(item, { maxLength: 3 }), { maxLength: 3 }), async (chunks) => {
      const pages = chunks.map((items) => ({ items, revision: 3 }));
      const all = JSON.parse(JSON.stringify(chunks.flat())) as unknown;
      const json = await printed(pages, "json");
      assert.deepEqual(JSON.parse(json.text), { items: all, ...(pages.length > 0 && { revision: 3 }) });
      const lines = await printed(pages, "ndjson");
      assert.deepEqual(
        lines.text
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as unknown),
        all,
      );
      assert.doesNotMatch(json.text + lines.text, /[^\n\P{C}]/u);
    }),
  );
});

test("fields are titled, and shown as people read them", () => {
  const item = {
    previousDigest: `sha256:${"0".repeat(64)}`,
    imageSize: 1_500,
    updated: "2026-11-23T22:00:01.123Z",
    platforms: ["linux/amd64", "linux/arm64"],
    labels: { a: "b", c: "d" },
    latest: { name: "1.0", digest: "x" },
    repository: true,
    subject: undefined,
  };
  const cells = Object.keys(item).map(
    (field) => `${fieldColumn(field).title}: ${fieldColumn(field).cell(item)}`,
  );
  assert.deepEqual(cells, [
    "PREVIOUS DIGEST: sha256:000000000000",
    "IMAGE SIZE: 1.5 kB",
    "UPDATED: 2026-11-23 22:00:01Z",
    "PLATFORMS: linux/amd64,linux/arm64",
    "LABELS: a=b,c=d",
    "LATEST: name=1.0,digest=x",
    "REPOSITORY: yes",
    "SUBJECT: ",
  ]);
  const latest = { name: "1.0", digest: item.previousDigest };
  const options = { wholeDigests: true };
  assert.equal(fieldColumn("latest", options).cell({ latest }), "name=1.0,digest=sha256:000000000000");
  assert.equal(fieldColumn("previousDigest", { wholeDigests: true }).cell(item), item.previousDigest);
});

test("bytes are shown in the unit of which there is at least one", () => {
  const shown = [0, 1, 999, 1000, 1049, 99_949, 99_950, 123_456, 999_999, 1e6, 5e9, 9e15].map(formatBytes);
  const expected = [
    "0 B",
    "1 B",
    "999 B",
    "1.0 kB",
    "1.0 kB",
    "99.9 kB",
    "100 kB",
    "123 kB",
    "1.0 MB",
    "1.0 MB",
    "5.0 GB",
    "9.0 PB",
  ];
  assert.deepEqual(shown, expected);
});
