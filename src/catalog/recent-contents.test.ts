import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../oci/digest.ts";
import { type Content, RecentContents } from "./recent-contents.ts";

const KIB = 1024;

function content(name: string, bytes: number): Content {
  return {
    digest: digestOf(Buffer.from(name)),
    mediaType: `application/${name}`,
    bytes: new Uint8Array(bytes),
  };
}

/** The media type found, which is unlike any other here: bytes that differ take a minute to be shown. */
function typeOf(recent: RecentContents, { digest }: Content): string | undefined {
  return recent.find(digest)?.mediaType;
}

test("a content that was kept is found by its digest until all are dropped", () => {
  const recent = new RecentContents();
  const one = content("one", 10);
  recent.keep(one);
  assert.equal(typeOf(recent, one), one.mediaType);
  assert.equal(typeOf(recent, content("other", 10)), undefined);
  recent.clear();
  assert.equal(typeOf(recent, one), undefined);
});

test("contents beyond 8 MiB push out those asked for longest ago, and no others", () => {
  const recent = new RecentContents();
  const contents = Array.from({ length: 128 }, (_, index) => content(`n${index}`, 64 * KIB));
  const [first, second] = [contents[0]!, contents[1]!];
  recent.keep(first);
  recent.keep(second);
  for (const more of contents.slice(2, 127)) recent.keep(more);
  assert.equal(typeOf(recent, first), first.mediaType);
  recent.keep(contents[127]!);
  assert.equal(typeOf(recent, second), undefined);
  assert.equal(typeOf(recent, first), first.mediaType);
  assert.equal(typeOf(recent, contents[2]!), contents[2]!.mediaType);
});

test("a content of more than 64 KiB is not kept, and pushes nothing out", () => {
  const recent = new RecentContents();
  const small = content("small", 10);
  const large = content("large", 64 * KIB + 1);
  recent.keep(small);
  for (let time = 0; time < 200; time += 1) recent.keep(large);
  assert.equal(typeOf(recent, large), undefined);
  assert.equal(typeOf(recent, small), small.mediaType);
});

test("keeping a content again costs nothing", () => {
  const recent = new RecentContents();
  const other = content("other", 10);
  const same = content("same", 64 * KIB);
  recent.keep(other);
  for (let time = 0; time < 200; time += 1) recent.keep(same);
  assert.equal(typeOf(recent, other), other.mediaType);
});
