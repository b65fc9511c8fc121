/**
 * A process of its own that stores random blobs on disk until it is ended: `blob-writer.ts <folder> <how many at once>
 * [<how many in all>]`. Prints the digest of each blob as soon as the store has acknowledged it.
 */
import { randomBytes, randomInt } from "node:crypto";
import { openDiskBlobs } from "../../src/blobs/disk.ts";
import { store } from "./blobs.ts";

const BLOB_BYTES_MAX = 600_000;

const [folder = "", atOnce = "1", inAll = "Infinity"] = process.argv.slice(2);
await using blobs = await openDiskBlobs(folder);
let left = Number(inAll);

async function write(): Promise<void> {
  while (left-- > 0) {
    const digest = await store(blobs, randomBytes(randomInt(BLOB_BYTES_MAX)));
    process.stdout.write(`${digest}\n`);
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, write));
