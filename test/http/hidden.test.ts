import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ROUTES } from "../../src/http/routes.ts";
import { basic, comparable } from "../support/access.ts";
import { expectAnswer, send } from "../support/exchange.ts";
import { filled, image, layer, secretLayer } from "../support/guarded.ts";

describe("what a caller may not see", async () => {
  // Nothing is written to either, so both stay at the same revision.
  const { registry: shown, upload } = await filled("team/app");
  after(() => shown[Symbol.asyncDispose]());
  const { registry: without } = await filled("else/app");
  after(() => without[Symbol.asyncDispose]());

  const targets: Readonly<Record<string, string>> = {
    "<name>": "team/app",
    "<tag>": "v1",
    "<reference>": "v1",
    "<id>": upload,
  };
  const queries = [
    "",
    "?n=1",
    "?n=-1",
    "?at=2",
    "?at=99",
    "?last=v0",
    "?orderBy=updated",
    `?digest=${layer.digest}`,
    `?mount=${layer.digest}&from=library/app`,
  ];
  const lines = ROUTES.flatMap(({ method, path }) => {
    const digest = path.includes("/blobs/") ? layer.digest : image.digest;
    const target = path.replaceAll(/<\w+>/g, (one) => targets[one] ?? digest);
    const methods = method === "GET" ? ["GET", "HEAD"] : [method];
    return methods.flatMap((one) => queries.map((query) => `${one} ${target}${query}`));
  }).filter((line) => !/ \/(?:healthz|readyz|metrics|v2\/_supercargo\/(?:token|jwks))/.test(line));

  for (const who of ["nobody", "stranger"]) {
    test(`is as absent as what is not there, on every route: ${who}`, async () => {
      assert.ok(lines.length > 300);
      // Something that changes nothing if it should ever get through, so that both registries stay as they are.
      const body = image.bytes;
      const headers = { "Content-Type": image.mediaType, ...(who === "nobody" ? {} : basic(who)) };
      for (const line of lines) {
        const sent = /^(?:PUT|POST|PATCH)/.test(line) ? { headers, body } : { headers };
        const there = comparable(await send(shown.host, line, sent));
        assert.equal(there, comparable(await send(without.host, line, sent)), line);
        if (line.includes("team/app")) assert.ok(!there.includes(secretLayer.digest), line);
      }
    });
  }

  test("answers a user as it answers who may see all and finds nothing there", async () => {
    const reads = lines.filter((line) =>
      /^(?:GET|HEAD) \/v2\/team\/app\/(?!blobs\/uploads|_list|repositories|_oci\/repositories)/.test(line),
    );
    assert.ok(reads.length > 50);
    for (const line of reads) {
      const hidden = await send(shown.host, line, { headers: basic("stranger") });
      const absent = await send(without.host, line, { headers: basic("root") });
      assert.equal(comparable(hidden), comparable(absent), line);
    }
  });

  test("does not show by a Link of the log that something follows", async () => {
    const all = "GET /v2/_supercargo/events?n=1000";
    const { bytes } = await send(shown.host, all, { headers: basic("stranger") });
    const seen = (JSON.parse(bytes.toString()) as readonly object[]).length;
    assert.ok(seen > 0);
    const full = await send(shown.host, `GET /v2/_supercargo/events?n=${seen}`, {
      headers: basic("stranger"),
    });
    assert.equal(full.headers["link"], undefined);
    const before = `GET /v2/_supercargo/events?n=${seen - 1}`;
    assert.match(
      String((await send(shown.host, before, { headers: basic("stranger") })).headers["link"]),
      /next/,
    );
  });

  test("stays hidden when another has just been shown the same page", async () => {
    for (const place of ["_supercargo/tags", "descriptors/list", "tags/list"]) {
      const line = `GET /v2/team/app/${place}`;
      await expectAnswer(shown.host, line, { send: { headers: basic("root") }, status: 200 });
      await expectAnswer(shown.host, line, {
        send: { headers: basic("stranger") },
        status: 404,
        code: "NAME_UNKNOWN",
      });
    }
  });
});
