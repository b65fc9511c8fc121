import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CONTENT, IMAGE, OTHER } from "./foreign-content.ts";
import { foreignRegistry } from "./foreign-registry.ts";
import { sendFailure, sendJson } from "./http-server.ts";
import { itemsOf, rowsOf, run, runForOneLine } from "./run.ts";

describe("a crawl of a foreign registry", () => {
  test("leaves out repositories that are gone or forbidden, and says which", async () => {
    await using registry = await foreignRegistry({
      ...CONTENT,
      before: ({ target }, response) => {
        const status = target.startsWith("/v2/math/") ? 403 : 404;
        const isMeant = /^\/v2\/math(-voila)?\/tags/.test(target);
        if (isMeant) sendFailure(response, status, status === 403 ? "DENIED" : "NAME_UNKNOWN");
        return isMeant;
      },
    });
    const { code, out, err } = await run(["tags", registry.host]);
    assert.equal(code, 0);
    assert.equal(rowsOf(out).length, 6);
    assert.match(err, /2 of the catalog's repositories \(math, math-voila\)/);
  });

  test("fails when a repository that was named is not there", async () => {
    await using registry = await foreignRegistry(CONTENT);
    const { code, out, err } = await run(["tags", `${registry.host}/nope`]);
    assert.equal(code, 3);
    assert.equal(out, "");
    assert.match(err, /fake name_unknown/);
  });

  test("fails with advice when there is no catalog", async () => {
    for (const [status, expected] of [
      [403, 4],
      [404, 1],
    ] as const) {
      await using registry = await foreignRegistry({
        ...CONTENT,
        before: ({ target }, response) => {
          const isMeant = target.startsWith("/v2/_catalog");
          if (isMeant) response.writeHead(status).end();
          return isMeant;
        },
      });
      const { code, out, err } = await run(["tags", registry.host]);
      assert.deepEqual([code, out], [expected, ""]);
      assert.match(err, /without saying why\. It does not list its repositories for you; name one/);
    }
  });

  test("fails when a manifest's bytes are not those of its digest", async () => {
    await using registry = await foreignRegistry({
      ...CONTENT,
      before: ({ method, target }, response) => {
        const isMeant = method === "GET" && target === `/v2/app/manifests/${IMAGE.digest}`;
        if (isMeant) response.setHeader("Content-Type", IMAGE.mediaType).end(OTHER.bytes);
        return isMeant;
      },
    });
    const { code, err } = await run(["tags", `${registry.host}/app`, "--class", "image"]);
    assert.notEqual(code, 0);
    assert.match(err, /bytes of another digest/);
  });

  test("takes no part of a name, an annotation or a message for a terminal's orders", async () => {
    await using registry = await foreignRegistry({
      ...CONTENT,
      content: { ...CONTENT.content, "x\u001B]0;y\u0007": {} },
    });
    const table = await run(["tags", `${registry.host}/app`, "--fields", "annotations"]);
    const names = await run(["repos", registry.host]);
    const json = await run(["repos", registry.host, "--output", "ndjson"]);
    assert.match(table.out, /title=a\?\[31mb/);
    assert.match(names.out, /x\?\]0;y\?/);
    assert.equal(itemsOf(json.out).at(-1)?.["name"], "x\u001B]0;y\u0007");
    assert.doesNotMatch(table.out + names.out + json.out, /[^\n\P{C}]/u);
  });

  test("tells a failure on one line, without what a terminal would obey", async () => {
    await using registry = await foreignRegistry({
      ...CONTENT,
      before: ({ target }, response) => {
        const isMeant = target.startsWith("/v2/_catalog");
        if (isMeant)
          sendJson(response, { errors: [{ code: "UNKNOWN", message: "a\nb\u001B[2J\u009Bc" }] }, 500);
        return isMeant;
      },
    });
    const { code, err } = await run(["repos", registry.host]);
    assert.equal(code, 1);
    assert.match(err, /^supercargo: .* answered 500 to \/v2\/_catalog: a b\?\[2J\?c\.\n$/);
  });

  test("stops quietly when nobody reads on", async () => {
    await using registry = await foreignRegistry({
      content: {},
      before: ({ target }, response) => {
        if (!target.startsWith("/v2/_catalog")) return false;
        const at = Number(new URL(target, "http://x").searchParams.get("at") ?? 0);
        response.setHeader("Link", `</v2/_catalog?at=${at + 1}>; rel=next`);
        sendJson(response, { repositories: Array.from({ length: 1000 }, (_, i) => `${at}-${i}`) });
        return true;
      },
    });
    const { code, out, err } = await runForOneLine(["repos", registry.host, "--output", "ndjson"]);
    assert.deepEqual([code, out, err], [0, '{"name":"0-0"}\n', ""]);
  });
});
