import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { test } from "node:test";
import { digestOf, parseDigest } from "../../src/oci/digest.ts";
import { bytesOf, drained, rejects, sourceOf, stalledSource, store } from "../support/blobs.ts";
import type { BlobsPlace } from "./blobs.ts";

const HELLO = Buffer.from("hello, ");
const WORLD = Buffer.from("world");
const DIGEST = digestOf(Buffer.concat([HELLO, WORLD]));

/** What `Blobs` promises of uploads that are refused or break off; a part of `describeBlobs`. */
export function describeUploadFailures(makePlace: () => Promise<BlobsPlace>): void {
  refusalCases(makePlace);
  sourceCases(makePlace);
}

function refusalCases(makePlace: () => Promise<BlobsPlace>): void {
  test("an id in use is refused, and the upload that has it goes on", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(HELLO));
    await rejects(blobs.startUpload("u", "sha256"), "BLOB_UPLOAD_INVALID");
    await blobs.append("u", sourceOf(WORLD), { offset: 7 });
    await blobs.finishUpload("u", DIGEST);
  });

  test("an id that could lead somewhere else is that of no upload", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await store(blobs, WORLD);
    for (const id of [
      "",
      ".",
      "..",
      ".u",
      "../u",
      "a/b",
      "/etc/passwd",
      "a\\b",
      "a\0",
      "ä",
      "a b",
      "x".repeat(129),
    ]) {
      await rejects(blobs.startUpload(id, "sha256"), "BLOB_UPLOAD_INVALID");
      assert.equal(await blobs.findUpload(id), undefined, id);
      await rejects(blobs.append(id, sourceOf(HELLO)), "BLOB_UPLOAD_UNKNOWN");
      await rejects(blobs.finishUpload(id, DIGEST), "BLOB_UPLOAD_UNKNOWN");
      assert.equal(await blobs.cancelUpload(id), false, id);
    }
    for (const id of ["A", "-", "_.", "0-9", "x".repeat(128)]) {
      await blobs.startUpload(id, "sha256");
      assert.deepEqual(await blobs.findUpload(id), { size: 0 }, id);
    }
  });

  test("bytes with another digest are refused, and the upload goes on to the right one", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(HELLO));
    const wrong = [DIGEST, digestOf(WORLD), digestOf(WORLD, "sha512")];
    for (const digest of wrong) {
      await rejects(blobs.finishUpload("u", digest), "DIGEST_INVALID");
      assert.equal(await blobs.size(digest), undefined);
    }
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await blobs.append("u", sourceOf(WORLD), { offset: 7 });
    await blobs.finishUpload("u", DIGEST);
    assert.deepEqual(await bytesOf(blobs, DIGEST), Buffer.concat([HELLO, WORLD]));
  });

  test("a digest that nobody here can compute is refused, and the upload stays", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(HELLO));
    await rejects(blobs.finishUpload("u", parseDigest("sha3-256:abcd")), "DIGEST_INVALID");
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await blobs.finishUpload("u", digestOf(HELLO));
  });

  test("a chunk that starts elsewhere than at the end is refused, and nothing of it stored", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(HELLO), { offset: 0 });
    for (const offset of [0, 6, 8, Number.MAX_SAFE_INTEGER]) {
      const source = sourceOf(WORLD);
      await rejects(blobs.append("u", source, { offset }), "RANGE_INVALID");
      assert.equal(source.destroyed, false);
    }
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await blobs.append("u", sourceOf(WORLD), { offset: 7 });
    await blobs.finishUpload("u", DIGEST);
  });

  test("a chunk that goes beyond the limit is refused whole, however late that shows", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(HELLO), { limit: 7 });
    const chunk = randomBytes(100_000);
    const source = stalledSource(...Array.from({ length: 20 }, () => chunk), WORLD, WORLD);
    await rejects(blobs.append("u", source, { limit: 7 + 20 * chunk.length + 9 }), "SIZE_EXCEEDED");
    assert.equal(source.destroyed, false);
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await blobs.append("u", sourceOf(WORLD), { offset: 7, limit: 12 });
    await blobs.finishUpload("u", DIGEST);
  });
}

function sourceCases(makePlace: () => Promise<BlobsPlace>): void {
  test("what arrived before a source broke off stays, and the upload goes on from there", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    const gone = new Error("gone");
    const source = stalledSource(HELLO);
    const appending = blobs.append("u", source);
    await drained(source);
    source.destroy(gone);
    await assert.rejects(appending, gone);
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await blobs.append("u", sourceOf(WORLD), { offset: 7 });
    await blobs.finishUpload("u", DIGEST);
  });

  test("a source that is destroyed without a word is one that broke off, not one that ended", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    const source = stalledSource(HELLO);
    const appending = blobs.append("u", source);
    await drained(source);
    source.destroy();
    await assert.rejects(appending, Error);
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await rejects(blobs.finishUpload("u", DIGEST), "DIGEST_INVALID");
  });

  test("a source that had broken off before it was handed over adds nothing", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    const source = stalledSource(HELLO);
    source.on("error", () => {});
    source.destroy(new Error("gone"));
    await assert.rejects(blobs.append("u", source), Error);
    assert.deepEqual(await blobs.findUpload("u"), { size: 0 });
    await blobs.append("u", sourceOf(HELLO, WORLD));
    await blobs.finishUpload("u", DIGEST);
  });

  test("a source that is much faster than the store is held back", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    const chunk = randomBytes(64 * 1024);
    let given = 0;
    let aheadMax = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (; given < 64 * 1024 * 1024; given += chunk.length) {
        if (given % (8 * 1024 * 1024) === 0) {
          const stored = (await blobs.findUpload("u"))?.size ?? 0;
          aheadMax = Math.max(aheadMax, given - stored);
        }
        yield chunk;
      }
    }
    await blobs.append("u", Readable.from(endless()));
    assert.ok(aheadMax <= 16 * 1024 * 1024, `${aheadMax} bytes were taken and not stored`);
  });
}
