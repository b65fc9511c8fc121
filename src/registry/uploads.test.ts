import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { openDiskBlobs } from "../blobs/disk.ts";
import type { Registry } from "./registry.ts";
import { expireUploads } from "./uploads.ts";

test("an upload that a client has come back to stays, and the other old ones go", async () => {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-uploads-"));
  await using blobs = await openDiskBlobs(folder);
  const ids = Array.from({ length: 3 }, () => randomUUID());
  for (const id of ids) await blobs.startUpload(id, "sha256");
  const [busy = ""] = ids;
  const source = new PassThrough();
  const appending = blobs.append(busy, source);

  const expired = await expireUploads({ blobs } as Registry, new Date(Date.now() + 60_000));

  source.end("late");
  assert.equal(expired, 2);
  assert.deepEqual(await appending, { size: 4 });
  assert.deepEqual(await blobs.findUpload(busy), { size: 4 });
  await rm(folder, { recursive: true });
});
