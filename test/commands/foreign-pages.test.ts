import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CONTENT } from "./foreign-content.ts";
import { foreignRegistry, LINK_STYLES, type LinkStyle } from "./foreign-registry.ts";
import { sendJson } from "./http-server.ts";
import { rowsOf, run } from "./run.ts";

describe("pages of a foreign registry", () => {
  for (const link of Object.keys(LINK_STYLES) as LinkStyle[]) {
    if (link === "not at all") continue;
    test(`are followed where the link is written ${link}`, async () => {
      await using registry = await foreignRegistry({ ...CONTENT, link, pageMax: 2 });
      const { code, out, err } = await run(["repos", registry.host]);
      assert.equal(code, 0, err);
      assert.equal(out, `NAME\n${Object.keys(CONTENT.content).join("\n")}\n`);
      assert.equal(registry.asked.length, 4);
    });
  }

  test("are asked for by the last name where a full one comes without a link", async () => {
    const names = Array.from({ length: 1500 }, (_, at) => `r${String(at).padStart(4, "0")}`);
    const content = Object.fromEntries(names.map((name) => [name, {}]));
    await using registry = await foreignRegistry({ content, link: "not at all", pageMax: 1000 });
    const { out } = await run(["repos", registry.host]);
    assert.deepEqual(rowsOf(out).flat(), names);
    assert.deepEqual(registry.asked, ["GET /v2/_catalog?n=1000", "GET /v2/_catalog?n=1000&last=r0999"]);
  });

  test("that are the first one again, by a registry that knows no last, end the list", async () => {
    const names = Array.from({ length: 1000 }, (_, at) => `r${at}`);
    await using registry = await foreignRegistry({
      content: {},
      before: ({ target }, response) => {
        if (target.startsWith("/v2/_catalog")) sendJson(response, { repositories: names });
        return target.startsWith("/v2/_catalog");
      },
    });
    const { code, out } = await run(["repos", registry.host]);
    assert.equal(code, 0);
    assert.equal(rowsOf(out).length, 1000);
  });

  for (const [how, link] of [
    ["by the same links", "</v2/_catalog?n=1000>; rel=next"],
    ["by new links to the same names", undefined],
  ] as const) {
    test(`that lead in a circle ${how} are a failure, not an endless list`, async () => {
      let count = 0;
      await using registry = await foreignRegistry({
        content: {},
        before: ({ target }, response) => {
          if (!target.startsWith("/v2/_catalog")) return false;
          response.setHeader("Link", link ?? `</v2/_catalog?token=${count++}>; rel=next`);
          sendJson(response, { repositories: ["a", "b"] });
          return true;
        },
      });
      const { code, out, err } = await run(["repos", registry.host, "--output", "json"]);
      assert.equal(code, 1);
      assert.match(err, /lead in a circle/);
      assert.throws(() => JSON.parse(out) as unknown, "what is not complete does not look complete");
    });
  }

  test("that are not lists are told", async () => {
    for (const body of ["<html>", '{"repositories":7}']) {
      await using registry = await foreignRegistry({
        content: {},
        before: ({ target }, response) => {
          if (target.startsWith("/v2/_catalog")) response.end(body);
          return target.startsWith("/v2/_catalog");
        },
      });
      const { code, err } = await run(["repos", registry.host]);
      assert.equal(code, 1);
      assert.match(err, /is it a registry's address\?/);
    }
  });
});
