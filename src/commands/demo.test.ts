import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { digestOf } from "../oci/digest.ts";
import { waitFor } from "../../test/support/condition.ts";
import { CHARTS, PRODUCTS } from "./demo/stock.ts";

const MAIN = join(import.meta.dirname, "../main.ts");
const COMMAND_MS_MAX = 10_000;
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

type Descriptor = { digest: string; size: number; mediaType: string; platform?: { os: string } };
type Manifest = { config: Descriptor; layers: Descriptor[]; manifests: Descriptor[] };

/** `supercargo demo` as a process of its own, which keeps its folder in one of ours. */
class Demo implements AsyncDisposable {
  readonly temporary: string;
  readonly exit: Promise<number | null>;
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;

  private constructor(temporary: string, args: readonly string[]) {
    this.temporary = temporary;
    const env = { ...process.env, TMPDIR: temporary };
    this.#child = spawn(process.execPath, [MAIN, "demo", ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk) => (this.stdout += String(chunk)));
    this.#child.stderr?.on("data", (chunk) => (this.stderr += String(chunk)));
    this.exit = once(this.#child, "close").then(([code]) => code as number | null);
  }

  static async start(args: readonly string[]): Promise<Demo> {
    return new Demo(await mkdtemp(join(tmpdir(), "supercargo-demo-test-")), args);
  }

  static async filled(args: readonly string[]): Promise<Demo> {
    await using opened = new AsyncDisposableStack();
    const demo = opened.use(await Demo.start(args));
    await waitFor("the commands to try", () => demo.stdout.includes("Ctrl-C ends it"));
    opened.move();
    return demo;
  }

  get url(): string {
    return /http:\/\/127\.0\.0\.1:\d+/.exec(this.stdout)?.[0] ?? "";
  }

  /** Its folders that are there. */
  async folders(): Promise<string[]> {
    return (await readdir(this.temporary)).filter((name) => name.startsWith("supercargo-demo-"));
  }

  /** The commands that it printed: one after each question. */
  get commands(): string[] {
    return [...this.stdout.matchAll(/^# .*\n(.*)$/gm)].map(([, command = ""]) => command);
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async bytes(path: string): Promise<Buffer> {
    const answer = await fetch(this.url + path, { headers: { Accept: "*/*" } });
    const body = Buffer.from(await answer.arrayBuffer());
    assert.equal(answer.status, 200, `${path}: ${body.toString()}`);
    return body;
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.bytes(path)).toString()) as T;
  }

  /** What a descriptor names, held to its digest and size. */
  async content(place: string, { digest, size }: Descriptor): Promise<Buffer> {
    const bytes = await this.bytes(`${place}/${digest}`);
    assert.equal(digestOf(bytes), digest);
    assert.equal(bytes.byteLength, size);
    return bytes;
  }

  /** Every tag with the digest it points to. */
  async tags(): Promise<string[]> {
    const { repositories } = await this.json<{ repositories: string[] }>("/v2/_catalog");
    const lists = repositories.map(async (name) => {
      const { tags } = await this.json<{ tags: string[] }>(`/v2/${name}/tags/list`);
      return await Promise.all(
        tags.map(
          async (tag) => `${name}:${tag}@${digestOf(await this.bytes(`/v2/${name}/manifests/${tag}`))}`,
        ),
      );
    });
    return (await Promise.all(lists)).flat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exit;
    await rm(this.temporary, { recursive: true, force: true });
  }
}

describe("a demonstration", () => {
  let demo: Demo;
  before(async () => (demo = await Demo.filled(["--port", "0"])));
  after(() => demo[Symbol.asyncDispose]());

  test("has every repository of its stock, and the empty one in none of the old lists", async () => {
    const { repositories } = await demo.json<{ repositories: string[] }>("/v2/_catalog");
    const expected = [
      ...PRODUCTS.map(({ repository }) => repository),
      ...CHARTS.map(({ name }) => `charts/${name}`),
      "ml/vision/weights",
      "policies/admission",
    ];
    assert.deepEqual(repositories, expected.toSorted());
    assert.deepEqual(await demo.json("/v2/sandbox/scratchpad/tags/list"), {
      name: "sandbox/scratchpad",
      tags: [],
    });
  });

  test("has the tags of every release, moved from version to version, and signatures among them", async () => {
    const tagsOf = async (name: string): Promise<string[]> =>
      (await demo.json<{ tags: string[] }>(`/v2/${name}/tags/list`)).tags;
    for (const { repository, releases, signed } of PRODUCTS) {
      const tags = await tagsOf(repository);
      const wanted = new Set(releases.flatMap((release) => release.tags));
      if (repository === "shop/backend/orders/api") wanted.delete("2.0.0-rc.1");
      if (repository === "shop/backend/payments/api") wanted.add("2.1.1");
      const signatures = tags.filter((tag) => tag.endsWith(".sig"));
      assert.deepEqual(new Set(tags.filter((tag) => !tag.endsWith(".sig"))), wanted, repository);
      assert.equal(signatures.length, signed === "by tag" ? releases.length : 0, repository);
    }
    assert.ok((await tagsOf("charts/storefront")).includes("4.1.0_build.7"));
  });

  test("has images that can be pulled: an index, its images, and layers that are what the config says", async () => {
    const place = "/v2/shop/backend/payments/api";
    const index = await demo.json<Manifest>(`${place}/manifests/latest`);
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform?.os),
      ["linux", "linux", "unknown", "unknown"],
    );
    for (const child of index.manifests) {
      const manifest = JSON.parse((await demo.content(`${place}/manifests`, child)).toString()) as Manifest;
      const config = JSON.parse((await demo.content(`${place}/blobs`, manifest.config)).toString()) as {
        rootfs: { diff_ids: string[] };
      };
      const contents = await Promise.all(
        manifest.layers.map((layer) => demo.content(`${place}/blobs`, layer)),
      );
      const unpacked = contents.map((bytes, at) =>
        manifest.layers[at]?.mediaType.endsWith("+gzip") ? gunzipSync(bytes) : bytes,
      );
      assert.deepEqual(
        config.rootfs.diff_ids,
        unpacked.map((bytes) => digestOf(bytes)),
      );
    }
  });

  test("has signatures and lists of packages that an image is the subject of", async () => {
    const place = "/v2/shop/backend/payments/api";
    const digest = digestOf(await demo.bytes(`${place}/manifests/latest`));
    const { manifests } = await demo.json<{ manifests: { artifactType: string }[] }>(
      `${place}/referrers/${digest}`,
    );
    assert.deepEqual(
      new Set(manifests.map(({ artifactType }) => artifactType)),
      new Set(["application/vnd.dev.cosign.artifact.sig.v1+json", "application/spdx+json"]),
    );
  });

  test("prints ten commands, and each finds something", async (t) => {
    assert.equal(demo.commands.length, 10);
    for (const command of demo.commands) {
      const here = command
        .replace(/^curl /, "curl -sS --fail ")
        .replace(/^npx node /, `'${process.execPath}' `);
      const skip = command.startsWith("curl ") && !hasCurl && "there is no curl on this machine";
      await t.test(command.replaceAll(/:\d{4,5}\b/g, ""), { skip }, () => {
        const printed = execFileSync("bash", ["-c", here], { encoding: "utf8", timeout: COMMAND_MS_MAX });
        if (!command.startsWith("curl ")) return assert.ok(printed.trim().split("\n").length > 1, printed);
        const body = JSON.parse(printed) as unknown[] | { items: unknown[] };
        assert.ok((Array.isArray(body) ? body : body.items).length > 0, printed);
      });
    }
  });

  test("without --port and with the usual one taken it says so and takes another, holds the same content, and leaves nothing", async () => {
    const other = createServer();
    other.on("error", () => {}).listen(5000, "127.0.0.1");
    // That somebody else has the port already serves as well.
    await Promise.race([once(other, "listening"), once(other, "error")]).catch(() => {});
    await using second = await Demo.filled([]);
    other.close();
    assert.match(second.stderr, /Another program listens on port 5000/);
    assert.notEqual(new URL(second.url).port, "5000");
    assert.deepEqual(await second.tags(), await demo.tags());
    assert.equal((await second.folders()).length, 1);
    second.send("SIGINT");
    assert.equal(await second.exit, 0);
    assert.deepEqual(await second.folders(), []);
  });
});

test("Ctrl-C while it is being filled ends it quietly, and leaves nothing", async () => {
  await using demo = await Demo.start(["--port", "0"]);
  await waitFor("the filling", () => demo.stderr.includes("Filling"));
  demo.send("SIGINT");
  assert.equal(await demo.exit, 0);
  assert.match(demo.stderr, /^Filling a registry in .*\n$/);
  assert.equal(demo.stdout, "");
  assert.deepEqual(await demo.folders(), []);
});

test("a port that was asked for and is taken is an error, and leaves nothing", async () => {
  await using other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await using demo = await Demo.start(["--port", String(port)]);
  assert.equal(await demo.exit, 6);
  assert.match(demo.stderr, /^supercargo: Another program listens on /);
  assert.deepEqual(await demo.folders(), []);
});
