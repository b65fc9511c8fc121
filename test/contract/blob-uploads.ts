import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { all, bytesOf, rejects, sourceOf, stalledSource, store } from "../support/blobs.ts";
import { waitFor } from "../support/condition.ts";
import type { BlobsPlace } from "./blobs.ts";

const HELLO = Buffer.from("hello, ");
const WORLD = Buffer.from("world");
const DIGEST = digestOf(Buffer.concat([HELLO, WORLD]));

/** What `Blobs` promises of uploads that go well, alone or several at once; a part of `describeBlobs`. */
export function describeUploads(makePlace: () => Promise<BlobsPlace>): void {
  progressCases(makePlace);
  concurrencyCases(makePlace);
}

function progressCases(makePlace: () => Promise<BlobsPlace>): void {
  test("an upload grows by what is appended, and is gone once it is finished", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    assert.deepEqual(await blobs.findUpload("u"), { size: 0 });
    assert.deepEqual(await blobs.append("u", sourceOf(HELLO)), { size: 7 });
    assert.deepEqual(await blobs.append("u", sourceOf()), { size: 7 });
    assert.deepEqual(await blobs.append("u", sourceOf(WORLD), { offset: 7, limit: 12 }), { size: 12 });
    assert.equal(await blobs.size(DIGEST), undefined);
    assert.deepEqual(await blobs.finishUpload("u", DIGEST), { size: 12 });
    assert.equal(await blobs.size(DIGEST), 12);
    assert.equal(await blobs.findUpload("u"), undefined);
    assert.equal(await blobs.cancelUpload("u"), false);
    await rejects(blobs.append("u", sourceOf(WORLD)), "BLOB_UPLOAD_UNKNOWN");
    await rejects(blobs.finishUpload("u", DIGEST), "BLOB_UPLOAD_UNKNOWN");
  });

  test("an upload that got nothing becomes the empty blob", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const empty = digestOf(new Uint8Array(0));
    await blobs.startUpload("u", "sha256");
    assert.deepEqual(await blobs.finishUpload("u", empty), { size: 0 });
    assert.equal(await blobs.size(empty), 0);
  });

  test("an upload goes on in a store opened later, and can be finished by yet another algorithm", async () => {
    await using place = await makePlace();
    {
      await using blobs = await place.open();
      await blobs.startUpload("u", "sha256");
      await blobs.append("u", sourceOf(HELLO));
    }
    await using blobs = await place.open();
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await blobs.append("u", sourceOf(WORLD), { offset: 7 });
    const digest = digestOf(Buffer.concat([HELLO, WORLD]), "sha512");
    assert.deepEqual(await blobs.finishUpload("u", digest), { size: 12 });
    assert.equal(await blobs.size(digest), 12);
  });

  test("an upload goes on in another store that is open at the same time, and back", async () => {
    await using place = await makePlace();
    await using one = await place.open();
    await using other = await place.open();
    await one.startUpload("u", "sha256");
    await one.append("u", sourceOf(HELLO.subarray(0, 3)));
    await other.append("u", sourceOf(HELLO.subarray(3)), { offset: 3 });
    await one.append("u", sourceOf(WORLD), { offset: 7 });
    assert.deepEqual(await one.finishUpload("u", DIGEST), { size: 12 });
    assert.equal(await other.size(DIGEST), 12);
    assert.equal(await other.findUpload("u"), undefined);
  });

  test("a small upload can be read once it is verified, and stays", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const bytes = Buffer.from("some bytes");
    await blobs.startUpload("small", "sha512");
    assert.deepEqual(await blobs.readUpload("small", digestOf(Buffer.from("")), 10), Buffer.alloc(0));
    await blobs.append("small", sourceOf(bytes));
    const digest = digestOf(bytes);
    assert.deepEqual(await blobs.readUpload("small", digest, 10), bytes);
    assert.equal(await blobs.readUpload("small", digest, 9), undefined);
    await rejects(blobs.readUpload("small", digestOf(Buffer.from("other")), 10), "DIGEST_INVALID");
    await rejects(blobs.readUpload("another", digest, 10), "BLOB_UPLOAD_UNKNOWN");
    await using other = await place.open();
    assert.deepEqual(await other.readUpload("small", digestOf(bytes, "sha512"), 10), bytes);
    assert.deepEqual(await blobs.findUpload("small"), { size: 10 });
    assert.deepEqual(await all(blobs.list()), []);
    await blobs.finishUpload("small", digest);
    assert.deepEqual(await bytesOf(blobs, digest), bytes);
  });

  test("a cancelled upload is gone, and its id is free", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(HELLO));
    assert.equal(await blobs.cancelUpload("u"), true);
    assert.equal(await blobs.findUpload("u"), undefined);
    assert.equal(await blobs.cancelUpload("u"), false);
    await rejects(blobs.finishUpload("u", digestOf(HELLO)), "BLOB_UPLOAD_UNKNOWN");
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(WORLD), { offset: 0 });
    await blobs.finishUpload("u", digestOf(WORLD));
    assert.equal(await blobs.size(digestOf(WORLD)), WORLD.length);
  });

  test("finishing what is stored already succeeds, and the upload is gone", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const digest = await store(blobs, WORLD);
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(WORLD));
    assert.deepEqual(await blobs.finishUpload("u", digest), { size: WORLD.length });
    assert.equal(await blobs.findUpload("u"), undefined);
    assert.deepEqual(await bytesOf(blobs, digest), WORLD);
  });

  test("unfinished uploads are listed with their sizes, the one changed longest ago first", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    assert.deepEqual(await all(blobs.listUploads()), []);
    for (const id of ["b", "c", "a"]) await blobs.startUpload(id, "sha256");
    await store(blobs, WORLD);
    const size = { a: 0, b: 0, c: 0 };
    for (const id of ["b", "c", "a"] as const) {
      await waitFor(`upload ${id} to be the last in the list`, async () => {
        size[id] = (await blobs.append(id, sourceOf(WORLD))).size;
        const last = (await all(blobs.listUploads())).at(-1);
        return last?.id === id;
      });
    }
    const listed = await all(blobs.listUploads());
    assert.deepEqual(
      listed.map((upload) => ({ id: upload.id, size: upload.size })),
      (["b", "c", "a"] as const).map((id) => ({ id, size: size[id] })),
    );
    const changed = listed.map((upload) => upload.changed.getTime());
    assert.deepEqual(
      changed,
      changed.toSorted((one, other) => one - other),
    );
  });
}

function concurrencyCases(makePlace: () => Promise<BlobsPlace>): void {
  test("while an upload is being written every other change to it is refused, and harms nothing", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    const source = stalledSource(HELLO);
    const appending = blobs.append("u", source);
    await rejects(blobs.append("u", sourceOf(WORLD)), "BLOB_UPLOAD_INVALID");
    await rejects(blobs.finishUpload("u", DIGEST), "BLOB_UPLOAD_INVALID");
    await rejects(blobs.cancelUpload("u"), "BLOB_UPLOAD_INVALID");
    source.push(WORLD);
    source.push(null);
    assert.deepEqual(await appending, { size: 12 });
    await blobs.finishUpload("u", DIGEST);
    assert.deepEqual(await bytesOf(blobs, DIGEST), Buffer.concat([HELLO, WORLD]));
  });

  test("of several calls that finish one upload at once, one does", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(HELLO, WORLD));
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => blobs.finishUpload("u", DIGEST)));
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    assert.deepEqual(await bytesOf(blobs, DIGEST), Buffer.concat([HELLO, WORLD]));
  });

  test("many uploads of the same bytes finished at once give one blob and leave no upload", async () => {
    await using place = await makePlace();
    await using one = await place.open();
    await using other = await place.open();
    const bytes = randomBytes(300_000);
    await Promise.all(Array.from({ length: 16 }, (_, n) => store(n % 2 === 0 ? one : other, bytes)));
    assert.deepEqual(await bytesOf(one, digestOf(bytes)), bytes);
    assert.deepEqual(await all(one.listUploads()), []);
    assert.deepEqual(
      (await all(other.list())).map(({ digest }) => digest),
      [digestOf(bytes)],
    );
  });

  test("uploads that arrive at the same time do not mix", async () => {
    await using place = await makePlace();
    await using blobs = await place.open();
    const contents = Array.from({ length: 16 }, () => randomBytes(200_000));
    const digests = await Promise.all(contents.map((bytes) => store(blobs, bytes)));
    for (const [n, digest] of digests.entries()) assert.deepEqual(await bytesOf(blobs, digest), contents[n]);
  });
}
