import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { parseName } from "../../src/oci/name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { manifest, ORIGIN } from "../contract/catalog/samples.ts";
import { expectAnswer, jsonOf, send, type Received } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { openWithTwo } from "../support/two-repositories.ts";

const KINDS = ["repositories", "tags", "manifests", "namespaces"] as const;

let registry: TestRegistry;
before(async () => {
  registry = await openWithTwo();
});
after(() => registry[Symbol.asyncDispose]());

async function refuse(target: string): Promise<void> {
  const answer = await expectAnswer(registry.host, `GET ${target}`, {
    status: 400,
    code: "PARAMETER_INVALID",
  });
  const { errors } = jsonOf(answer) as { errors: { detail: { parameter: string } }[] };
  assert.equal(errors[0]?.detail.parameter, "continue", target);
}

describe("tokens of pages", () => {
  const PAGES = [
    ...KINDS.map((kind) => `/v2/_supercargo/${kind}?${kind === "namespaces" ? "under=team&" : ""}n=1`),
    "/v2/_supercargo/tags?orderBy=size&n=1",
    "/v2/_supercargo/tags?orderBy=semver&n=1",
    "/v2/team/app/_supercargo/tags?orderBy=updated&n=1",
    "/v2/_supercargo/search?q=v&n=1",
    "/v2/team/repositories/list?orderBy=createdDate&n=1",
  ];

  async function tokenOf(path: string): Promise<string> {
    const { headers } = await expectAnswer(registry.host, `GET ${path}`, { status: 200 });
    const [, token] = /[?&]continue=([\w-]+)/.exec(String(headers["link"])) ?? [];
    return token ?? assert.fail(`${path} has no next page`);
  }

  for (const path of PAGES) {
    test(`of ${path} are refused when a byte of them is another, or is cut off`, async () => {
      const bytes = Buffer.from(await tokenOf(path), "base64url");
      for (const at of bytes.keys()) {
        for (const changed of [bytes.with(at, (bytes[at] ?? 0) ^ 1), bytes.subarray(0, at)]) {
          const token = Buffer.from(changed).toString("base64url");
          if (token !== "") await refuse(`${path}&continue=${token}`);
        }
      }
      const whole = bytes.toString("base64url");
      await refuse(`${path}&continue=${whole}A`);
      await expectAnswer(registry.host, `GET ${path}&continue=${whole}`, { status: 200 });
    });

    test(`of ${path} that somebody made up are read as carefully as any text`, async () => {
      const content = Buffer.from(await tokenOf(path), "base64url").subarray(8);
      for (const at of content.keys()) {
        for (const byte of [0, 0x22, 0x2d, 0x39, 0x41, 0x5d, 0xff]) {
          const made = Buffer.from(content.with(at, byte));
          const checked = Buffer.concat([Buffer.from("supercargo page token 1"), made]);
          const token = Buffer.concat([hash("sha256", checked, "buffer").subarray(0, 8), made]).toString(
            "base64url",
          );
          const { status } = await send(registry.host, `GET ${path}&continue=${token}`);
          assert.ok([200, 400, 410].includes(status), `${status} at ${at}: ${made.toString("latin1")}`);
        }
      }
    });
  }
});

describe("pages of a revision that is kept no more", () => {
  test("are 410 with the oldest that is, wherever a revision can be asked for", async () => {
    await using own = await TestRegistry.open();
    const write = async (name: string, tag: string): Promise<void> => {
      const content = manifest(name + tag);
      await own.catalog.write(parseName(name), ORIGIN, async (tx) => {
        await tx.putManifest(content);
        await tx.setTag(parseTag(tag), content.digest);
      });
    };
    for (const name of ["a/one", "a/two"]) for (const tag of ["v1", "v2"]) await write(name, tag);
    const { revision } = await own.catalog.bounds();
    const first = [
      "/v2/_supercargo/tags?n=1",
      "/v2/_supercargo/search?q=v&n=1",
      "/v2/_catalog?n=1",
      "/v2/a/_list?n=1&orderBy=created",
    ];
    const next: string[] = [];
    for (const path of first) {
      const { headers } = await expectAnswer(own.host, `GET ${path}`, { status: 200 });
      next.push(/^<([^>]+)>/.exec(String(headers["link"]))?.[1] ?? assert.fail(path));
    }
    await write("a/one", "v3");
    await own.catalog.compact(new Date(Date.now() + 60_000));
    const { oldest } = await own.catalog.bounds();
    assert.ok(oldest > revision);
    const past = [
      ...KINDS.map((kind) => `/v2/_supercargo/${kind}`),
      "/v2/a/one/_supercargo/tags",
      "/v2/a/one/_supercargo/manifests",
      "/v2/_catalog",
      "/v2/a/one/tags/list",
      "/v2/a/one/descriptors/list",
      "/v2/_oci/repositories",
      "/v2/a/repositories/list",
    ].map((path) => `${path}?at=${revision}`);
    for (const path of [...next, ...past, `/v2/_supercargo/events?after=${revision}`]) {
      for (const headers of [{}, { "If-None-Match": "*" }]) {
        const gone = { status: 410, code: "REVISION_EXPIRED" } as const;
        const answer = await expectAnswer(own.host, `GET ${path}`, { send: { headers }, ...gone });
        const { errors } = jsonOf(answer) as { errors: { detail: { oldest?: number } }[] };
        if (!path.includes("search")) assert.equal(errors[0]?.detail.oldest, oldest, path);
      }
    }
  });
});

describe("a page that is asked for more than it may hold", () => {
  const TAGS = 1_050;

  before(async () => {
    const { digest } = manifest("a");
    await registry.catalog.write(parseName("team/app"), ORIGIN, async (tx) => {
      for (let n = 0; n < TAGS; n++) await tx.setTag(parseTag(`x${String(n).padStart(4, "0")}`), digest);
    });
  });

  for (const [path, length, total] of [
    ["/v2/_supercargo/tags?under=team/app", 1_000, TAGS + 2],
    ["/v2/team/app/_supercargo/tags?orderBy=semver", 1_000, TAGS + 2],
    ["/v2/_supercargo/search?q=tag:x*", 100, 150],
    ["/v2/team/app/descriptors/list", 1_000, TAGS + 2],
  ] as const) {
    test(`has as much as it may, and its link leads on by as much: ${path}`, async () => {
      let target: string | undefined = `${path}${path.includes("?") ? "&" : "?"}n=99999999`;
      const lengths: number[] = [];
      while (target !== undefined && lengths.length < 2) {
        const answer: Received = await expectAnswer(registry.host, `GET ${target}`, { status: 200 });
        const { items, manifests } = jsonOf(answer) as { items?: unknown[]; manifests?: unknown[] };
        lengths.push((items ?? manifests ?? []).length);
        target = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers["link"]))?.[1];
        if (target !== undefined)
          assert.ok(new URLSearchParams(target.split("?")[1]).get("n") === String(length), target);
      }
      assert.equal(lengths[0], length);
      assert.ok(
        lengths.slice(0, -1).every((one) => one === length),
        lengths.join(),
      );
      assert.equal(lengths.reduce((sum, one) => sum + one, 0) >= total, true);
    });
  }
});
