import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Blobs } from "../../src/blobs/blobs.ts";
import { digestOf, parseDigest } from "../../src/oci/digest.ts";
import type { Digest, SupportedAlgorithm } from "../../src/oci/digest.ts";
import { describeUploadFailures } from "./blob-upload-failures.ts";
import { describeUploads } from "./blob-uploads.ts";
import { all, bytesOf, collect, sourceOf, store } from "../support/blobs.ts";
import { runs } from "../support/runs.ts";

/** Somewhere that stores can be opened, one after the other or several at once, over what is kept there. */
export interface BlobsPlace extends AsyncDisposable {
  open(): Promise<Blobs>;
}

/** The contract of {@link Blobs}, over places that are empty when `makePlace` hands them out. */
export function describeBlobs(name: string, makePlace: () => Promise<BlobsPlace>): void {
  describe(`${name}: blobs`, () => describeContent(makePlace));
  describe(`${name}: uploads`, () => describeUploads(makePlace));
  describe(`${name}: uploads that fail`, () => describeUploadFailures(makePlace));
  describe(`${name}: uploads in pieces`, () => describePieces(makePlace));
}

function describeContent(makePlace: () => Promise<BlobsPlace>): void {
  for (const algorithm of ["sha256", "sha512"] as const) {
    for (const size of [0, 1, 1024, 3 * 1024 * 1024 + 1]) {
      test(`a blob of ${size} bytes by ${algorithm} comes back as it was, with its size`, async () => {
        await using place = await makePlace();
        await using blobs = await place.open();
        const bytes = randomBytes(size);
        const digest = await store(blobs, bytes, algorithm);
        assert.equal(await blobs.size(digest), size);
        assert.deepEqual(await bytesOf(blobs, digest), bytes);
      });
    }
  }

  test("a blob is found by a store opened later, and by one opened before", async () => {
    await using place = await makePlace();
    await using before = await place.open();
    const bytes = randomBytes(100);
    let digest: Digest;
    {
      await using blobs = await place.open();
      digest = await store(blobs, bytes);
    }
    await using after = await place.open();
    assert.deepEqual(await bytesOf(before, digest), bytes);
    assert.deepEqual(await bytesOf(after, digest), bytes);
  });

  test("a range gives its first to its last byte, and the size of the whole", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const bytes = randomBytes(3_000_000);
    const digest = await store(blobs, bytes);
    const ranges = [
      [0, 0],
      [0, 2_999_999],
      [1, 2_999_998],
      [2_999_999, 2_999_999],
      [1_048_575, 2_097_152],
    ] as const;
    for (const [first, last] of ranges) {
      const content = await blobs.read(digest, { first, last });
      assert.equal(content?.size, bytes.length);
      assert.deepEqual(await collect(content), bytes.subarray(first, last + 1), `${first}-${last}`);
    }
  });

  test("what is not stored is absent, also by an algorithm that nobody here can compute", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await store(blobs, Buffer.from("something else"));
    const strange = ["sha3-256:ab", `blake3:${"a".repeat(240)}`, "a+b.c:x"].map((text) => parseDigest(text));
    for (const digest of [
      digestOf(Buffer.from("absent")),
      digestOf(Buffer.from("absent"), "sha512"),
      ...strange,
    ]) {
      assert.equal(await blobs.size(digest), undefined, digest);
      assert.equal(await blobs.read(digest), undefined, digest);
      assert.equal(await blobs.remove(digest), false, digest);
    }
  });

  test("a removed blob is gone, can be removed only once, and can be stored again", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const bytes = randomBytes(10);
    const digest = await store(blobs, bytes);
    assert.equal(await blobs.remove(digest), true);
    assert.equal(await blobs.size(digest), undefined);
    assert.equal(await blobs.read(digest), undefined);
    assert.equal(await blobs.remove(digest), false);
    await store(blobs, bytes);
    assert.deepEqual(await bytesOf(blobs, digest), bytes);
  });

  test("a blob that is set aside is no longer stored, and can be stored and set aside again", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const bytes = randomBytes(10);
    const digest = await store(blobs, bytes);
    for (let time = 0; time < 2; time++) {
      assert.equal(await blobs.setAside(digest), true);
      assert.equal(await blobs.read(digest), undefined);
      assert.deepEqual(await all(blobs.list()), []);
      assert.equal(await blobs.setAside(digest), false);
      await store(blobs, bytes);
      assert.deepEqual(await bytesOf(blobs, digest), bytes);
    }
    assert.deepEqual(await all(blobs.listStray()), []);
  });

  test("a blob removed while it is read is read to its end", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const bytes = randomBytes(8_000_000);
    const digest = await store(blobs, bytes);
    const content = await blobs.read(digest);
    assert.ok(content);
    assert.equal(await blobs.remove(digest), true);
    assert.deepEqual(await collect(content), bytes);
  });

  test("a blob that is read halfway stays readable", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const bytes = randomBytes(3_000_000);
    const digest = await store(blobs, bytes);
    {
      await using content = await blobs.read(digest);
      for await (const chunk of content?.chunks ?? []) {
        assert.ok(chunk.length > 0);
        break;
      }
    }
    assert.deepEqual(await bytesOf(blobs, digest), bytes);
  });

  test("the list has every blob once with its size, and nothing that is unfinished or removed", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    assert.deepEqual(await sizes(blobs), new Map());
    const expected = new Map<Digest, number>();
    for (let size = 0; size < 40; size++) {
      const algorithm = size % 3 === 0 ? "sha512" : "sha256";
      expected.set(await store(blobs, randomBytes(size), algorithm), size);
    }
    const removed = await store(blobs, Buffer.from("removed"));
    await blobs.remove(removed);
    await blobs.startUpload("unfinished", "sha256");
    await blobs.append("unfinished", sourceOf(Buffer.from("unfinished")));
    assert.deepEqual(await sizes(blobs), expected);
  });
}

const algorithm = fc.constantFrom<SupportedAlgorithm>("sha256", "sha512");
const piece = fc.record({
  size: fc.nat({ max: 300_000 }),
  chunks: fc.integer({ min: 1, max: 700 }),
  breaks: fc.boolean(),
  reopen: fc.boolean(),
});
const upload = fc.record({ pieces: fc.array(piece, { maxLength: 5 }), likely: algorithm, final: algorithm });
type Upload = ReturnType<typeof upload.generate>["value"];

function describePieces(makePlace: () => Promise<BlobsPlace>): void {
  test("bytes in any pieces, broken off anywhere, the store reopened between, give the same blob", async () => {
    await using place = await makePlace();
    const property = async ({ pieces, likely, final }: Upload): Promise<void> => {
      const bytes = randomBytes(pieces.reduce((sum, each) => sum + each.size, 0));
      await using stores = new AsyncDisposableStack();
      let blobs = stores.use(await place.open());
      const id = randomUUID();
      await blobs.startUpload(id, likely);
      let at = 0;
      for (const { size, chunks, breaks, reopen } of pieces) {
        const next = bytes.subarray(at, at + size);
        at = breaks
          ? await appendBroken(blobs, { id, at, chunks: split(next, chunks) })
          : (await blobs.append(id, sourceOf(...split(next, chunks)), { offset: at })).size;
        assert.deepEqual(await blobs.findUpload(id), { size: at });
        if (reopen) blobs = stores.use(await place.open());
      }
      await blobs.append(id, sourceOf(bytes.subarray(at)), { offset: at });
      const digest = digestOf(bytes, final);
      assert.deepEqual(await blobs.finishUpload(id, digest), { size: bytes.length });
      assert.deepEqual(await bytesOf(blobs, digest), bytes);
    };
    await fc.assert(fc.asyncProperty(upload, property), { numRuns: runs(60) });
  });
}

type Broken = { readonly id: string; readonly at: number; readonly chunks: readonly Uint8Array[] };

/** Sends chunks and breaks off, maybe before all of them were taken; gives the size that the upload then has. */
async function appendBroken(blobs: Blobs, { id, at, chunks }: Broken): Promise<number> {
  const gone = new Error("gone");
  const source = Readable.from(
    (async function* () {
      yield* chunks;
      throw gone;
    })(),
  );
  await assert.rejects(blobs.append(id, source, { offset: at }), gone);
  const size = (await blobs.findUpload(id))?.size ?? -1;
  const sent = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  assert.ok(size >= at && size <= at + sent, `${size} is not between ${at} and ${at + sent}`);
  return size;
}

/** These bytes in about as many chunks. */
function split(bytes: Uint8Array, chunks: number): Uint8Array[] {
  const size = Math.max(1, Math.ceil(bytes.length / chunks));
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
}

/** The list as a map, in which every digest was once. */
async function sizes(blobs: Blobs): Promise<Map<Digest, number>> {
  const listed = await all(blobs.list());
  const found = new Map(listed.map(({ digest, size }) => [digest, size]));
  assert.equal(found.size, listed.length, "a digest is listed twice");
  return found;
}
