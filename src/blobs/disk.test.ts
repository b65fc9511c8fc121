import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFile, mkdir, readdir, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";
import { describeBlobs } from "../../test/contract/blobs.ts";
import { all, bytesOf, drained, rejects, sourceOf, stalledSource, store } from "../../test/support/blobs.ts";
import { waitFor } from "../../test/support/condition.ts";
import { DiskPlace, SmallDisk } from "../../test/support/disk-place.ts";
import { digestOf, digestParts } from "../oci/digest.ts";
import { openDiskBlobs } from "./disk.ts";

const NO_PROC = process.platform === "linux" ? false : "counts open files by /proc";

describeBlobs("on disk", () => DiskPlace.make());
describeBlobs("on disk, for one process", () => DiskPlace.make({ isShared: false }));

describe("on disk, for one process", () => {
  test("an upload without bytes is no file, until the store is closed", async () => {
    await using place = await DiskPlace.make({ isShared: false });
    {
      await using blobs = await place.open();
      for (const id of ["one", "two", "three"]) await blobs.startUpload(id, "sha256");
      await blobs.cancelUpload("two");
      await blobs.append("three", sourceOf(Buffer.from("bytes")));
      assert.deepEqual(await place.files(), ["uploads/three"]);
      const listed = await all(blobs.listUploads());
      assert.deepEqual(
        new Map(listed.map(({ id, size }) => [id, size])),
        new Map([
          ["one", 0],
          ["three", 5],
        ]),
      );
    }
    assert.deepEqual((await place.files()).toSorted(), ["uploads/one", "uploads/three"]);
    await using blobs = await place.open();
    await rejects(blobs.startUpload("one", "sha256"), "BLOB_UPLOAD_INVALID");
    assert.deepEqual(await blobs.append("one", sourceOf(Buffer.from("more"))), { size: 4 });
  });

  test("the store closes also while an upload becomes a file", async () => {
    await using place = await DiskPlace.make({ isShared: false });
    let appended: Promise<unknown>;
    {
      await using blobs = await place.open();
      await blobs.startUpload("one", "sha256");
      appended = blobs.append("one", sourceOf(Buffer.from("bytes")));
    }
    assert.deepEqual(await appended, { size: 5 });
    assert.deepEqual(await place.files(), ["uploads/one"]);
  });
});

describe("on disk: the folder", () => {
  test("an upload is one file under uploads/ until it is finished, and then one under blobs/", async () => {
    await using place = await DiskPlace.make();
    await using blobs = await place.open();
    assert.deepEqual(await place.files(), []);
    const bytes = randomBytes(1_000_000);
    const digest = digestOf(bytes);
    await blobs.startUpload("u", "sha256");
    const source = stalledSource(bytes);
    const appending = blobs.append("u", source);
    await drained(source);
    assert.deepEqual(await place.files(), ["uploads/u"]);
    source.push(null);
    await appending;
    assert.deepEqual(await place.files(), ["uploads/u"]);
    await rejects(blobs.finishUpload("u", digestOf(Buffer.from("other"))), "DIGEST_INVALID");
    assert.deepEqual(await place.files(), ["uploads/u"]);
    await blobs.finishUpload("u", digest);
    assert.deepEqual(await place.files(), [relative(place.folder, place.pathOf(digest))]);
  });

  test("an upload that is longer than what was acknowledged goes on from its length", async () => {
    await using place = await DiskPlace.make();
    await using blobs = await place.open();
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(Buffer.from("one")));
    await appendFile(join(place.folder, "uploads/u"), " two");
    assert.deepEqual(await blobs.findUpload("u"), { size: 7 });
    await rejects(blobs.append("u", sourceOf(Buffer.from(" three")), { offset: 3 }), "RANGE_INVALID");
    await blobs.append("u", sourceOf(Buffer.from(" three")), { offset: 7 });
    const digest = digestOf(Buffer.from("one two three"));
    await blobs.finishUpload("u", digest);
    assert.deepEqual(await bytesOf(blobs, digest), Buffer.from("one two three"));
  });

  test("what is no blob of ours is neither listed nor found", async () => {
    await using place = await DiskPlace.make();
    await using blobs = await place.open();
    const digest = await store(blobs, Buffer.from("real"));
    const linked = digestOf(Buffer.from("linked"));
    const folder = digestOf(Buffer.from("folder"));
    const shard = dirname(place.pathOf(digest));
    await mkdir(dirname(place.pathOf(linked)), { recursive: true });
    await symlink(place.pathOf(digest), place.pathOf(linked));
    await mkdir(place.pathOf(folder), { recursive: true });
    for (const name of ["README", ".DS_Store", "0".repeat(64), digestParts(digest).encoded.toUpperCase()])
      await writeFile(join(shard, name), "real");
    await writeFile(join(dirname(place.pathOf(linked)), digestParts(digest).encoded), "real");
    await writeFile(join(place.folder, "blobs/sha256/lost"), "real");
    await writeFile(join(place.folder, "uploads/.nfs1"), "real");
    await mkdir(join(place.folder, "uploads/folder"));
    await symlink(place.pathOf(digest), join(place.folder, "uploads/link"));
    assert.deepEqual(
      (await all(blobs.list())).map((blob) => blob.digest),
      [digest],
    );
    assert.deepEqual(await all(blobs.listUploads()), []);
    for (const odd of [linked, folder]) assert.equal(await blobs.size(odd), undefined);
    assert.equal(await blobs.read(linked), undefined);
    assert.equal(await blobs.findUpload("link"), undefined);
    await rejects(blobs.append("link", sourceOf(Buffer.from("x"))), "BLOB_UPLOAD_UNKNOWN");
  });

  test("a blob that has lost bytes is mended by storing it again", async () => {
    await using place = await DiskPlace.make();
    await using blobs = await place.open();
    const bytes = randomBytes(1000);
    const digest = await store(blobs, bytes);
    await truncate(place.pathOf(digest), 999);
    await store(blobs, bytes);
    assert.deepEqual(await bytesOf(blobs, digest), bytes);
  });

  test(
    "a stream closes its file, whether it is read to the end or destroyed",
    { skip: NO_PROC },
    async () => {
      await using place = await DiskPlace.make();
      await using blobs = await place.open();
      const digest = await store(blobs, randomBytes(3_000_000));
      const empty = await store(blobs, new Uint8Array(0));
      const before = await descriptors();
      for (let round = 0; round < 5; round++) {
        await bytesOf(blobs, digest);
        await bytesOf(blobs, empty);
        await (await blobs.read(digest))?.[Symbol.asyncDispose]();
        const halfway = await blobs.read(digest);
        assert.ok(halfway);
        for await (const chunk of halfway.chunks) if (chunk.length > 0) break;
        await halfway[Symbol.asyncDispose]();
        await assert.rejects(blobs.read(digest, { first: 9, last: 8 }), RangeError);
      }
      await waitFor("every file to be closed", async () => (await descriptors()) <= before);
    },
  );
});

describe("on disk: outages", () => {
  test("without its folders nothing is absent, but unavailable", async () => {
    await using place = await DiskPlace.make();
    await using blobs = await place.open();
    const digest = await store(blobs, Buffer.from("here"));
    await blobs.startUpload("u", "sha256");
    await rename(join(place.folder, "blobs"), join(place.folder, "gone"));
    await rename(join(place.folder, "uploads"), join(place.folder, "gone too"));
    await rejects(blobs.size(digest), "UNAVAILABLE");
    await rejects(blobs.read(digest), "UNAVAILABLE");
    await rejects(blobs.remove(digest), "UNAVAILABLE");
    await rejects(all(blobs.list()), "UNAVAILABLE");
    await rejects(blobs.startUpload("v", "sha256"), "UNAVAILABLE");
    await rejects(blobs.findUpload("u"), "UNAVAILABLE");
    await rejects(blobs.append("u", sourceOf(Buffer.from("x"))), "UNAVAILABLE");
    await rejects(blobs.finishUpload("u", digest), "UNAVAILABLE");
    await rejects(blobs.cancelUpload("u"), "UNAVAILABLE");
    await rejects(all(blobs.listUploads()), "UNAVAILABLE");
  });

  test("a folder that cannot be one is refused when it is opened", async () => {
    await using place = await DiskPlace.make();
    const file = join(place.folder, "file");
    await writeFile(file, "");
    await rejects(openDiskBlobs(file), "DATA_UNUSABLE");
    await rejects(openDiskBlobs(join(file, "below")), "DATA_UNUSABLE");
  });

  test("a full disk is STORAGE_FULL, leaves the upload as it was, and passes", async (t) => {
    await using place = await DiskPlace.make();
    using disk = SmallDisk.mount(place.folder, "4m") ?? null;
    if (disk === null) return t.skip("may not mount file systems here");
    await using blobs = await place.open();
    const digest = await store(blobs, Buffer.from("there before"));
    await blobs.startUpload("u", "sha256");
    await blobs.append("u", sourceOf(Buffer.from("begun")));
    const tooMuch = Array.from({ length: 80 }, () => randomBytes(100_000));
    await rejects(blobs.append("u", sourceOf(...tooMuch)), "STORAGE_FULL");
    assert.deepEqual(await blobs.findUpload("u"), { size: 5 });
    assert.deepEqual(await bytesOf(blobs, digest), Buffer.from("there before"));
    await blobs.append("u", sourceOf(Buffer.from(" and done")), { offset: 5 });
    await blobs.finishUpload("u", digestOf(Buffer.from("begun and done")));
  });

  test("a read-only folder is refused when it is opened, and can still be read when it becomes one later", async (t) => {
    await using place = await DiskPlace.make();
    using disk = SmallDisk.mount(place.folder, "4m") ?? null;
    if (disk === null) return t.skip("may not mount file systems here");
    await using blobs = await place.open();
    const digest = await store(blobs, Buffer.from("there before"));
    await blobs.startUpload("u", "sha256");
    disk.makeReadOnly();
    await rejects(place.open(), "DATA_UNUSABLE");
    await rejects(blobs.startUpload("v", "sha256"), "UNAVAILABLE");
    await rejects(blobs.append("u", sourceOf(Buffer.from("x"))), "UNAVAILABLE");
    await rejects(blobs.remove(digest), "UNAVAILABLE");
    assert.deepEqual(await bytesOf(blobs, digest), Buffer.from("there before"));
  });
});

/** How many files this process has open. */
async function descriptors(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}
