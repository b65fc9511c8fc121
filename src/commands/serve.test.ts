import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type Socket, connect } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { newPair } from "../../test/support/certificate.ts";
import type { Pair } from "../http/certificate.ts";

const MAIN = join(import.meta.dirname, "../main.ts");
const POLL_MS = 10;
/** No condition in these tests takes this long, however busy the machine is. */
const PATIENCE_MS = 30_000;

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), "supercargo-serve-"))));
after(() => rm(folder, { recursive: true }));

/** `supercargo serve` as a process of its own, with what it printed so far. */
class Served implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly exit: Promise<number | null>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, "serve", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (chunk) => (this.stdout += String(chunk)));
    this.#child.stderr?.on("data", (chunk) => (this.stderr += String(chunk)));
    this.exit = once(this.#child, "close").then(([code]) => code as number | null);
  }

  /** One that answers on a free port, over a folder of its own unless told otherwise. */
  static async ready(args: readonly string[] = []): Promise<Served> {
    const served = new Served([
      "--listen",
      "127.0.0.1:0",
      "--data",
      await mkdtemp(join(folder, "data-")),
      ...args,
    ]);
    await until(() => served.stderr.includes("Ctrl-C stops it"), served);
    return served;
  }

  get port(): number {
    return Number(/https?:\/\/127\.0\.0\.1:(\d+)/.exec(this.stderr)?.[1]);
  }

  get data(): string {
    return /^ {2}data +(.*)$/m.exec(this.stderr)?.[1] ?? "";
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exit;
  }
}

async function until(holds: () => boolean | Promise<boolean>, served: Served): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) assert.fail(`in vain; it printed\n${served.stdout}\n${served.stderr}`);
    await delay(POLL_MS);
  }
}

/** What a start that must fail ends with. */
async function refusal(
  args: readonly string[],
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  await using served = new Served(args);
  const code = await served.exit;
  return { code, stderr: served.stderr, stdout: served.stdout };
}

/** An upload of ten bytes of which five are sent. The server is at it: it has asked for the body. */
async function slowUpload({ port }: Served): Promise<Socket> {
  const started = await fetch(`http://127.0.0.1:${port}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = new URL(started.headers.get("Location") ?? "", started.url);
  await started.body?.cancel();
  const socket = connect(port, "127.0.0.1");
  const head = [
    "Host: x",
    "Content-Type: application/octet-stream",
    "Content-Length: 10",
    "Expect: 100-continue",
  ];
  socket.write(`PATCH ${location.pathname}${location.search} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`);
  assert.match(String(await once(socket, "data")), /^HTTP\/1\.1 100 Continue/);
  socket.write("01234");
  return socket;
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const outcome = await Promise.race([
    once(socket, "connect").then(() => false),
    once(socket, "error").then(() => true),
  ]).catch(() => true);
  socket.destroy();
  return outcome;
}

test("a start prints where it is, what it uses and what to type next, and one of these commands works", async () => {
  await using served = await Served.ready();
  assert.match(served.stderr, /Supercargo \d+\.\d+\.\d+ is ready at http:\/\/127\.0\.0\.1:\d+\n/);
  assert.ok(served.data.startsWith(folder));
  assert.match(served.stderr, /catalog +SQLite/);
  assert.ok(served.stderr.includes(`docker push 127.0.0.1:${served.port}/demo/busybox`));
  const [, url = ""] = /curl '(.*)'/.exec(served.stderr) ?? [];
  assert.equal((await fetch(url)).status, 200);
});

test("every line on standard output is JSON, one per request, with the id that the client was given", async () => {
  await using served = await Served.ready();
  const answer = await fetch(`http://127.0.0.1:${served.port}/v2/app/manifests/v1`);
  const id = answer.headers.get("X-Request-Id") ?? "none";
  await until(() => served.stdout.includes(id), served);
  const lines = served.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const line = lines.find(({ requestId }) => requestId === id);
  assert.equal(line?.["route"], "/v2/<name>/manifests/<reference>");
  assert.equal(line?.["status"], 404);
  assert.equal(line?.["code"], "NAME_UNKNOWN");
});

test("a certificate that is renewed on disk is the one that new connections get, without a restart", async () => {
  const at = await mkdtemp(join(folder, "tls-"));
  const files = { cert: join(at, "cert.pem"), key: join(at, "key.pem") };
  const put = async ({ cert, key }: Pair): Promise<void> => {
    await writeFile(files.cert, cert);
    await writeFile(files.key, key);
  };
  const [first, second] = [newPair("first"), newPair("second")];
  await put(first);
  await using served = await Served.ready(["--tls-cert", files.cert, "--tls-key", files.key]);
  const shown = async (): Promise<string> => {
    const socket = connectSecurely({ port: served.port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  };
  assert.equal(await shown(), "first");
  await put(second);
  await until(async () => (await shown()) === "second", served);
  await until(() => served.stdout.includes('"certificate read again"'), served);
});

test("health, readiness and metrics answer", async () => {
  await using served = await Served.ready();
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${served.port}${path}`);
  assert.equal((await get("/healthz")).status, 200);
  assert.equal((await get("/readyz")).status, 200);
  const metrics = await (await get("/metrics")).text();
  assert.match(metrics, /^supercargo_http_requests_total\{route="\/readyz",method="GET",status="200"\} 1$/m);
  assert.match(metrics, /^supercargo_http_requests_in_flight 1$/m);
  assert.match(metrics, /^supercargo_catalog_revision 0$/m);
});

test("readiness fails, and names the blobs, when their folder is gone", async () => {
  await using served = await Served.ready();
  await rm(join(served.data, "blobs"), { recursive: true });
  const answer = await fetch(`http://127.0.0.1:${served.port}/readyz`);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /no answer from the blobs/);
});

test("SIGTERM finishes a running slow upload, takes no new connection, and exits 0", async () => {
  await using served = await Served.ready();
  const upload = await slowUpload(served);
  served.send("SIGTERM");
  await until(() => isRefused(served.port), served);
  upload.write("56789");
  const answer = await text(upload);
  assert.match(answer, /^HTTP\/1\.1 202 /);
  assert.match(answer, /^Connection: close\r$/m);
  assert.match(answer, /^Range: 0-9\r$/m);
  assert.equal(await served.exit, 0);
  assert.match(served.stdout, /"msg":"stopped"/);
});

test("one Ctrl-C that arrives twice, as npm makes it, still lets requests finish", async () => {
  await using served = await Served.ready();
  const upload = await slowUpload(served);
  served.send("SIGINT");
  served.send("SIGTERM");
  await until(() => isRefused(served.port), served);
  upload.write("56789");
  assert.match(await text(upload), /^HTTP\/1\.1 202 /);
  assert.equal(await served.exit, 0);
});

test("a second signal, later, ends it at once", async () => {
  await using served = await Served.ready();
  const upload = await slowUpload(served);
  upload.on("error", () => undefined);
  let code: number | null | undefined;
  void served.exit.then((value) => (code = value));
  await until(() => {
    served.send("SIGTERM");
    return code !== undefined;
  }, served);
  assert.equal(code, 143);
});

test("an upload that does not finish within the grace is cut off, and that is logged", async () => {
  await using served = await Served.ready(["--shutdown-grace", "0s"]);
  const upload = await slowUpload(served);
  upload.on("error", () => undefined);
  served.send("SIGTERM");
  assert.equal(await served.exit, 0);
  assert.match(served.stdout, /"level":"warn".*"requests":1/);
});

test("a second server on one address is refused", async () => {
  await using served = await Served.ready();
  const { code, stderr } = await refusal([
    "--listen",
    `127.0.0.1:${served.port}`,
    "--data",
    join(folder, "other"),
  ]);
  assert.equal(code, 6);
  assert.match(stderr, /^supercargo: Another program listens on 127\.0\.0\.1:\d+\..*--listen.*\n$/);
});

test("a second server on one data folder is refused", async () => {
  await using served = await Served.ready();
  const { code, stderr } = await refusal(["--listen", "127.0.0.1:0", "--data", served.data]);
  assert.equal(code, 6);
  assert.match(stderr, /^supercargo: Another Supercargo uses the data folder .*\n$/);
});

test("a file in the place of the data folder is refused", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  const { code, stderr } = await refusal(["--listen", "127.0.0.1:0", "--data", file]);
  assert.equal(code, 7);
  assert.ok(stderr.startsWith("supercargo: ") && stderr.includes(file), stderr);
  assert.equal(stderr.trim().split("\n").length, 1);
});

test("a database that does not answer is refused, and its password shown nowhere", async () => {
  const catalog = "postgres://somebody:geheim@127.0.0.1:1/catalog";
  const { code, stderr, stdout } = await refusal([
    "--listen",
    "127.0.0.1:0",
    "--data",
    folder,
    "--catalog",
    catalog,
  ]);
  assert.equal(code, 5);
  assert.match(stderr, /^supercargo: The catalog database does not answer: .*\n$/);
  assert.doesNotMatch(stderr + stdout, /geheim/);
});
