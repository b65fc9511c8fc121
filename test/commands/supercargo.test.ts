import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { TestRegistry } from "../support/registry.ts";
import { HttpServer, sendFailure, sendJson, type Seen } from "./http-server.ts";
import { itemsOf, rowsOf, run } from "./run.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const TAG = {
  repository: "team/app",
  name: "latest",
  digest: DIGEST,
  class: "image",
  size: 512,
  imageSize: 2_345_678,
  updated: "2026-11-23T22:00:01.123Z",
};

/** A registry that says it has our lists, and answers them with these pages, one after the other by `Link`. */
async function supercargo(pages: readonly unknown[]): Promise<HttpServer> {
  let at = 0;
  const server = new HttpServer(({ target }: Seen, response) => {
    if (target === "/v2/") return sendJson(response, {});
    if (target === "/v2/_oci/ext/discover")
      return sendJson(response, { extensions: [{ name: "_supercargo" }] });
    const page = pages[at++];
    if (page === undefined) return sendFailure(response, 400, "PARAMETER_INVALID");
    response.setHeader("Supercargo-Revision", "4711");
    if (at < pages.length)
      response.setHeader("Link", `<${target.split("?")[0]}?continue=t${at}&n=1000>; rel="next"`);
    sendJson(response, page);
  });
  return server.open();
}

const page = (...items: unknown[]): object => ({ revision: 4711, items });

describe("a Supercargo registry", () => {
  for (const [args, target] of [
    [["repos", "HOST"], "/v2/_supercargo/repositories?n=10000"],
    [
      ["repos", "HOST/team", "--empty", "--limit", "5"],
      "/v2/_supercargo/repositories?empty=true&under=team&n=5",
    ],
    [["repos", "HOST", "--fields", "name"], "/v2/_supercargo/repositories?fields=name&n=10000"],
    [
      ["repos", "HOST", "--fields", "name,latest"],
      "/v2/_supercargo/repositories?include=latest&fields=name%2Clatest&n=10000",
    ],
    [
      ["namespaces", "HOST/team", "--order-by", "updated"],
      "/v2/_supercargo/namespaces?orderBy=updated&under=team&n=10000",
    ],
    [["tags", "HOST/team/app", "--at", "7d"], "/v2/team/app/_supercargo/tags?at=7d&n=10000"],
    [
      [
        "tags",
        "HOST",
        "--platform",
        "linux/arm64",
        "--label",
        "a=b",
        "--label",
        "c",
        "--order-by",
        "semver",
        "--asc",
      ],
      "/v2/_supercargo/tags?platform=linux%2Farm64&label=a%3Db&label=c&orderBy=semver&order=asc&n=10000",
    ],
    [
      ["manifests", "HOST", "--untagged", "--created-before", "7d"],
      "/v2/_supercargo/manifests?tagged=false&createdBefore=7d&n=10000",
    ],
    [["history", "HOST/team/app:latest"], "/v2/team/app/_supercargo/tags/latest/history?n=10000"],
    [
      ["search", "HOST/team", "redis", "type:chart"],
      "/v2/_supercargo/search?q=redis+type%3Achart+under%3Ateam&n=10000",
    ],
    [["events", "HOST", "--after", "17"], "/v2/_supercargo/events?after=17&n=10000"],
    [["events", "HOST", "--since", "24h"], "/v2/_supercargo/events?since=24h&n=10000"],
    [
      ["events", "HOST/app", "--type", "tag.set", "--type", "tag.deleted", "--limit", "2"],
      "/v2/_supercargo/events?repository=app&type=tag.set%2Ctag.deleted&n=2",
    ],
  ] as const) {
    test(`is asked for what is wanted: ${args.join(" ")}`, async () => {
      await using registry = await supercargo([page(TAG)]);
      const { code, err } = await run(args.map((arg) => arg.replace("HOST", registry.host)));
      assert.equal(code, 0, err);
      assert.deepEqual(registry.asked, [`GET ${target}`]);
    });
  }

  test("is asked for all pages, those without items as well, and for no more than the limit", async () => {
    const pages = [page({ name: "a" }, { name: "b" }), page(), page({ name: "c" }, { name: "d" })];
    await using all = await supercargo(pages);
    assert.deepEqual(rowsOf((await run(["repos", all.host])).out).flat(), ["a", "b", "c", "d"]);
    assert.deepEqual(all.asked.slice(1), [
      "GET /v2/_supercargo/repositories?continue=t1&n=1000",
      "GET /v2/_supercargo/repositories?continue=t2&n=1000",
    ]);
    await using some = await supercargo(pages);
    assert.deepEqual(rowsOf((await run(["repos", some.host, "--limit", "2"])).out).flat(), ["a", "b"]);
    assert.equal(some.asked.length, 1);
    await using odd = await supercargo(pages);
    assert.deepEqual(rowsOf((await run(["repos", odd.host, "--limit", "3"])).out).flat(), ["a", "b", "c"]);
  });

  test("whose pages lead in a circle is a failure", async () => {
    await using registry = await new HttpServer(({ target }, response) => {
      if (target.startsWith("/v2/_oci")) return sendJson(response, { extensions: [{ name: "_supercargo" }] });
      response.setHeader("Link", '</v2/_supercargo/tags?continue=again>; rel="next"');
      sendJson(response, page(TAG));
    }).open();
    const { code, err } = await run(["tags", registry.host]);
    assert.equal(code, 1);
    assert.match(err, /lead in a circle/);
    assert.equal(registry.asked.length, 2);
  });

  test("is printed as a table for people, without the repository where there is only one", async () => {
    await using registry = await supercargo([page(TAG)]);
    const all = await run(["tags", registry.host]);
    assert.equal(
      all.out,
      "REPOSITORY  NAME    CLASS  DIGEST               IMAGE SIZE  UPDATED\n" +
        "team/app    latest  image  sha256:abababababab  2.3 MB      2026-11-23 22:00:01Z\n",
    );
    await using one = await supercargo([page(TAG)]);
    assert.match((await run(["tags", `${one.host}/team/app`])).out, /^NAME {4}CLASS/);
    await using fields = await supercargo([page(TAG)]);
    const chosen = await run(["tags", fields.host, "--fields", "name,digest"]);
    assert.equal(chosen.out, `NAME    DIGEST\nlatest  ${DIGEST}\n`);
  });

  test("is printed as JSON with its revision, and as a line for each item", async () => {
    await using registry = await supercargo([page(TAG), page({ ...TAG, name: "1.0" })]);
    const { out } = await run(["tags", registry.host, "--output", "json"]);
    assert.deepEqual(JSON.parse(out), { items: [TAG, { ...TAG, name: "1.0" }], revision: 4711 });
    await using lines = await supercargo([page(TAG), page({ ...TAG, name: "1.0" })]);
    const ndjson = await run(["tags", lines.host, "--output", "ndjson"]);
    assert.deepEqual(itemsOf(ndjson.out), [TAG, { ...TAG, name: "1.0" }]);
    await using none = await supercargo([page()]);
    assert.deepEqual(JSON.parse((await run(["tags", none.host, "--output", "json"])).out), {
      items: [],
      revision: 4711,
    });
  });

  test("in which there is nothing that fits says so to a person, and one that is not there is no such thing", async () => {
    await using registry = await TestRegistry.open();
    await pushManifest(registry.host, "team/app:v1", manifestOf());
    const nothing = "supercargo: Nothing found.\n";
    for (const [args, code, err] of [
      [["tags", "HOST", "--tag", "x"], 0, nothing],
      [["repos", "HOST/team", "--empty"], 0, nothing],
      [["namespaces", "HOST/team/app"], 0, nothing],
      [["search", "HOST", "x"], 0, nothing],
      [["repos", "HOST/team", "--empty", "-o", "ndjson"], 0, ""],
      [["tags", "HOST/team/app"], 0, ""],
      [["namespaces", "HOST/nope"], 3, /There is no repository or namespace nope at 127/],
      [["repos", "HOST/nope", "-o", "json"], 3, /There is no repository or namespace nope at 127/],
      [["namespaces", "HOST/team", "--at", "0"], 3, /There is no repository or namespace team at 127/],
      [["tags", "HOST/nope"], 3, /nope/],
    ] as const) {
      const ran = await run(args.map((arg) => arg.replace("HOST", registry.host)));
      assert.equal(ran.code, code, `${args.join(" ")}: ${ran.err}`);
      if (typeof err === "string") assert.equal(ran.err, err, args.join(" "));
      else assert.match(ran.err, err);
    }
  });

  test("tells what is wrong with a question, and the process exits as it would for its own options", async () => {
    await using registry = await supercargo([]);
    const { code, out, err } = await run(["tags", registry.host, "--under", "A"]);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /^supercargo: 127\.0\.0\.1:\d+ answered 400 .*: fake parameter_invalid\.\n$/);
  });

  test("gives hits of all kinds, each by the name that pulls it", async () => {
    const hits = [
      { kind: "repository", name: "team/redis", matched: [{ field: "name", value: "team/redis" }] },
      {
        kind: "tag",
        ...TAG,
        matched: [
          { field: "label team", value: "infra" },
          { field: "name", value: "latest" },
        ],
      },
      { kind: "manifest", repository: "x", digest: DIGEST, matched: [] },
    ];
    await using registry = await supercargo([page(...hits)]);
    const { out } = await run(["search", registry.host, "redis"]);
    assert.deepEqual(rowsOf(out), [
      ["repository", "team/redis", "name: team/redis"],
      ["tag", "team/app:latest", "label team: infra; name: latest"],
      ["manifest", "x@sha256:abababababab"],
    ]);
  });

  test("gives the history of a tag", async () => {
    const change = {
      event: "deleted",
      revision: 9,
      time: "2026-11-23T22:00:00.000Z",
      digest: DIGEST,
      actor: "ann",
    };
    await using registry = await supercargo([page(change)]);
    const { out } = await run(["history", `${registry.host}/team/app:latest`]);
    assert.match(
      out,
      /^REVISION {2}TIME .*\n9 {9}2026-11-23 22:00:00Z {2}deleted {2}sha256:abababababab .*ann\n$/,
    );
    const wrong = await run(["history", `${registry.host}/team/app`]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /NAME:TAG/);
  });

  test("gives what happened, up to so many events where that is asked for", async () => {
    const event = (id: number, type: string, data: object): object => ({
      id: String(id).padStart(16, "0"),
      type: `dev.supercargo.${type}`,
      subject: "s",
      time: "2026-11-23T22:00:00.000Z",
      data,
    });
    const log = [
      [
        event(1, "repository.created", { name: "app" }),
        event(2, "tag.set", { repository: "app", name: "1", digest: DIGEST }),
      ],
      [
        event(3, "tag.set", { repository: "app/b", name: "1" }),
        event(10, "tag.deleted", { repository: "app", name: "1", actor: "ann" }),
      ],
    ];
    const revisions = async (...args: string[]): Promise<unknown[]> => {
      await using registry = await supercargo(log);
      const { code, out, err } = await run(
        ["events", ...args].map((arg) => arg.replace("HOST", registry.host)),
      );
      assert.equal(code, 0, err);
      return rowsOf(out).map(([revision]) => revision);
    };
    assert.deepEqual(await revisions("HOST"), ["1", "2", "3", "10"]);
    assert.deepEqual(await revisions("HOST", "--limit", "3"), ["1", "2", "3"]);
  });
});
