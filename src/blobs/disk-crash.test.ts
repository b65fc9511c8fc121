import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { all, bytesOf } from "../../test/support/blobs.ts";
import { DiskPlace } from "../../test/support/disk-place.ts";
import { digestOf } from "../oci/digest.ts";

const WRITER = join(import.meta.dirname, "../../test/support/blob-writer.ts");
const WRITERS_AT_ONCE = 8;
const NO_STRACE = spawnSync("strace", ["-V"]).status === 0 ? false : "strace is not installed";

test("a process killed while it stores blobs leaves whole blobs, all that it acknowledged among them", async () => {
  await using place = await DiskPlace.make();
  const acknowledged = new Set<string>();
  for (const blobs of [1, 2, 5, 10, 20, 40]) {
    for (const digest of await writeUntilKilled(place.folder, blobs)) acknowledged.add(digest);
  }
  await using blobs = await place.open();
  const stored = await all(blobs.list());
  for (const { digest, size } of stored) {
    const bytes = await bytesOf(blobs, digest);
    assert.equal(digestOf(bytes), digest);
    assert.equal(bytes.length, size);
    acknowledged.delete(digest);
  }
  assert.deepEqual([...acknowledged], []);
  const uploads = await all(blobs.listUploads());
  assert.equal((await place.files()).length, stored.length + uploads.length);
});

test(
  "bytes are synced before they have a name, and names before a blob is acknowledged",
  {
    skip: NO_STRACE,
  },
  async () => {
    await using place = await DiskPlace.make();
    const log = join(place.folder, "strace.log");
    const store = join(place.folder, "store");
    const tracing = [
      "-f",
      "-y",
      "-s",
      "200",
      "-e",
      "trace=fsync,fdatasync,rename,write,read,pread64",
      "-o",
      log,
    ];
    const { status } = spawnSync("strace", [...tracing, process.execPath, WRITER, store, "1", "1"]);
    assert.equal(status, 0);
    const calls = callsIn(await readFile(log, "utf8"));
    const rename = calls.find(({ text }) => text.startsWith("rename("));
    const [, upload = "", blob = ""] = /^rename\("([^"]+)", "([^"]+)"\)/.exec(rename?.text ?? "") ?? [];
    const acknowledged = `"sha256:${basename(blob)}\\n"`;
    const steps = [
      { call: "fdatasync(", of: `<${upload}>` },
      { call: "rename(", of: `"${blob}"` },
      { call: "fsync(", of: `<${dirname(blob)}>` },
      { call: "write(", of: acknowledged },
    ].map(({ call, of }) => calls.find(({ text }) => text.startsWith(call) && text.includes(of)));
    for (const [n, step] of steps.entries()) {
      assert.ok(step, `step ${n} was not seen`);
      assert.ok(n === 0 || (steps[n - 1]?.end ?? Infinity) < step.start, `step ${n} began too early`);
    }
    const reads = calls.filter(({ text }) => /^p?read/.test(text) && text.includes(`<${upload}>`));
    assert.deepEqual(reads, [], "the bytes were read again");
    // The names of the folders, too, down to the shard.
    for (const folder of [place.folder, store, join(store, "blobs"), join(store, "blobs/sha256")]) {
      const synced = calls.find(({ text }) => text.startsWith("fsync(") && text.includes(`<${folder}>`));
      assert.ok((synced?.end ?? Infinity) < (steps[3]?.start ?? 0), `${folder} was synced too late or never`);
    }
  },
);

type Call = { text: string; start: number; end: number };

/** The system calls of a trace, with the lines on which each began and ended: those of other threads may be between. */
function callsIn(log: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, Call>();
  for (const [line, entry] of log.split("\n").entries()) {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/.exec(entry) ?? [];
    const resumed = text.startsWith("<...") ? unfinished.get(thread) : undefined;
    const call = resumed ?? { text, start: line, end: line };
    call.end = line;
    if (resumed === undefined) calls.push(call);
    unfinished.set(thread, call);
  }
  return calls;
}

/** Has a process store blobs and kills it when it has acknowledged this many; gives all that it acknowledged. */
async function writeUntilKilled(folder: string, blobs: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, folder, String(WRITERS_AT_ONCE)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line);
    if (acknowledged.length === blobs) child.kill("SIGKILL");
  }
  return acknowledged;
}
