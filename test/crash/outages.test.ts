import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Report } from "../../src/registry/check/report.ts";
import {
  blobOf,
  descriptorOf,
  manifestOf,
  pushBlob,
  pushManifest,
  type Artifact,
} from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { SmallDisk } from "../support/disk-place.ts";
import { expectAnswer, failureCode, send, type Received } from "../support/exchange.ts";
import { startPostgres } from "../support/postgres.ts";
import { Server, supercargo } from "./server.ts";

const CLIENTS = 8;
const DISK = "12m";
/** What is removed to make room again, and one blob of those that fill the disk, in bytes. */
const BALLAST_BYTES = 4 * 1024 * 1024;
const BLOB_BYTES = 1024 * 1024;
/** More than fit on the disk. */
const BLOBS = 24;
const NO_DISK = "a file system cannot be mounted here";

/** What may be found besides nothing. */
const EXPECTED = ["manifest.incomplete", "blob.garbage"];

const KEPT = blobOf("kept");
const IMAGE = manifestOf({ layers: [descriptorOf(KEPT)] });

test("on a full disk pushes are refused with 507 and pulls go on; when there is room again, pushes do", async (t) => {
  await using folder = await temporaryFolder();
  using disk = SmallDisk.mount(folder.path, DISK) ?? null;
  if (!disk) return t.skip(NO_DISK);
  const ballast = join(folder.path, "ballast");
  await writeFile(ballast, Buffer.alloc(BALLAST_BYTES));
  const data = join(folder.path, "data");
  const large = Array.from({ length: BLOBS }, (_, n) =>
    blobOf(`${n} `.repeat(BLOB_BYTES).slice(0, BLOB_BYTES)),
  );
  {
    await using server = await Server.start("--data", data);
    const { host } = server;
    await pushImage(host);
    // One by itself: of many at once each may get a part of the disk, and none enough.
    const [first, ...others] = large;
    const alone = await postBlob(host, first as Artifact);
    assert.equal(alone.status, 201, "the disk is too small for one blob");
    const outcomes = [alone, ...(await Promise.all(others.map((blob) => postBlob(host, blob))))];
    assertFull(outcomes.filter(({ status }) => status !== 201));
    // What is left between blobs is filled by manifests, which the catalog keeps.
    const full = await untilFull((n) =>
      putManifest(host, `filling-${n}`, manifestOf({ annotations: { n: `${n} `.repeat(50_000) } })),
    );
    assertFull([full]);
    await assertServes(host);

    await rm(ballast);
    await waitFor(
      "a push to work again",
      async () => (await putManifest(host, "room", IMAGE)).status === 201,
    );
    const after = blobOf("pushed when there was room");
    await pushBlob(host, "app", after);
    await expectAnswer(host, `GET /v2/app/blobs/${after.digest}`, { status: 200, bytes: after.bytes });
    for (const [n, { status }] of outcomes.entries()) {
      const { digest, bytes } = large[n] as Artifact;
      const found = await send(host, `GET /v2/app/blobs/${digest}`);
      if (status === 201) assert.ok(found.bytes.equals(bytes));
      else assert.equal(found.status, 404);
    }
    await assertServes(host);
  }
  await assertClean(data);
});

test("a read-only folder is refused with a sentence, by a server and by a check", async (t) => {
  await using folder = await temporaryFolder();
  using disk = SmallDisk.mount(folder.path, DISK) ?? null;
  if (!disk) return t.skip(NO_DISK);
  const data = join(folder.path, "data");
  {
    await using server = await Server.start("--data", data);
    await pushImage(server.host);
  }
  disk.makeReadOnly();
  for (const args of [
    ["serve", "--listen", "127.0.0.1:0"],
    ["check", "--repair"],
  ]) {
    const { code, stderr } = await supercargo(...args, "--data", data);
    assert.equal(code, 7, stderr);
    assert.match(stderr, /^supercargo: .*cannot be used: .* Make it a folder this user may write.*\n$/);
  }
});

test("while PostgreSQL is away everything is 503 with Retry-After; when it is back, all that was acknowledged is there", async () => {
  await using folder = await temporaryFolder();
  await using postgres = await startPostgres();
  const catalog = await postgres.createDatabase();
  const args = ["--data", folder.path, "--catalog", catalog];
  {
    await using server = await Server.start(...args);
    const { host } = server;
    await pushImage(host);
    const acknowledged = new Set<string>();
    const over = new AbortController();
    let refusals = 0;
    const work = async (_: unknown, client: number): Promise<void> => {
      for (let n = 0; !over.signal.aborted; n++) {
        const name = `c${client}-${n}`;
        const answer = await putManifest(host, name, manifestOf({ annotations: { name } }));
        if (answer.status === 201) acknowledged.add(name);
        else assertAway(answer, () => refusals++);
      }
    };
    const works = Promise.all(Array.from({ length: CLIENTS }, work));
    const reach = (what: string, condition: () => boolean): Promise<unknown> =>
      Promise.race([waitFor(what, condition), works]);
    await reach("pushes before", () => acknowledged.size > 50);
    await postgres.stop();
    await reach("refusals", () => refusals > 50);
    assertAway(await send(host, "GET /v2/app/manifests/kept"), () => {});
    assert.equal((await send(host, "GET /healthz")).status, 200);
    assert.equal((await send(host, "GET /readyz")).status, 503);
    const before = acknowledged.size;
    await postgres.start();
    await reach("pushes after", () => acknowledged.size > before + 50);
    over.abort();
    await works;
    await assertServes(host);
    for (const name of acknowledged)
      await expectAnswer(host, `HEAD /v2/app/manifests/${name}`, { status: 200 });
  }
  await assertClean(folder.path, "--catalog", catalog);
});

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "supercargo-outage-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function pushImage(host: string): Promise<void> {
  await pushBlob(host, "app", KEPT);
  await pushManifest(host, "app:kept", IMAGE);
}

async function assertServes(host: string): Promise<void> {
  await expectAnswer(host, "GET /v2/app/manifests/kept", { status: 200, bytes: IMAGE.bytes });
  await expectAnswer(host, `GET /v2/app/blobs/${KEPT.digest}`, { status: 200, bytes: KEPT.bytes });
}

function postBlob(host: string, { digest, bytes }: Artifact): Promise<Received> {
  return send(host, `POST /v2/app/blobs/uploads/?digest=${digest}`, { body: bytes });
}

function putManifest(host: string, tag: string, { bytes, mediaType }: Artifact): Promise<Received> {
  return send(host, `PUT /v2/app/manifests/${tag}`, { body: bytes, headers: { "Content-Type": mediaType } });
}

/** Pushes one thing after the other until one is not taken. */
async function untilFull(push: (n: number) => Promise<Received>): Promise<Received> {
  for (let n = 0; ; n++) {
    const answer = await push(n);
    if (answer.status !== 201) return answer;
  }
}

function assertFull(answers: readonly Received[]): void {
  assert.ok(answers.length > 0, "the disk did not fill up");
  for (const answer of answers) assert.deepEqual([answer.status, failureCode(answer)], [507, "STORAGE_FULL"]);
}

function assertAway(answer: Received, count: () => void): void {
  assert.deepEqual(
    [answer.status, failureCode(answer), answer.headers["retry-after"]],
    [503, "UNAVAILABLE", "5"],
  );
  count();
}

/** Nothing is wrong, and nothing lies about but blobs that were stored before their repository could be noted. */
async function assertClean(data: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout } = await supercargo("check", "--data", data, ...args, "--output", "json");
  const { counts } = JSON.parse(stdout) as Report;
  const unexpected = Object.keys(counts).filter((kind) => !EXPECTED.includes(kind));
  assert.deepEqual([code, unexpected], [0, []]);
}
