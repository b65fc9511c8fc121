import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { CloudEvent } from "cloudevents";
import { EventSource } from "eventsource";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { waitFor } from "../support/condition.ts";
import { TestRegistry } from "../support/registry.ts";
import { isBookmark, said, Stream, type Streamed } from "../support/stream.ts";

const EVENTS = "/v2/_supercargo/events";
const BEAT_MS = 50;
const registry = await TestRegistry.open({ beatMs: BEAT_MS });
after(() => registry[Symbol.asyncDispose]());

let pushed = 0;
/** Pushes something new, and gives the revision behind it. */
async function push(reference: string, to = registry): Promise<number> {
  await pushManifest(to.host, reference, manifestOf({ annotations: { n: `${pushed++}` } }));
  return (await to.catalog.bounds()).revision;
}

async function newest(): Promise<number> {
  return (await registry.catalog.bounds()).revision;
}

/** What an EventSource has heard of a registry, which may be started again meanwhile. */
class Listening implements Disposable {
  readonly seen: string[] = [];
  bookmarks = 0;
  readonly #source: EventSource;

  constructor(at: TestRegistry, path: string) {
    // The server comes back at another port, so the way there is looked up each time.
    this.#source = new EventSource(`http://registry.test${path}`, {
      fetch: (url, init) => fetch(String(url).replace("registry.test", at.host), init),
    });
    this.#source.addEventListener("message", ({ data }) => {
      this.seen.push(said(JSON.parse(data) as Streamed));
    });
    this.#source.addEventListener("bookmark", () => this.bookmarks++);
  }

  [Symbol.dispose](): void {
    this.#source.close();
  }
}

describe("a page of events", () => {
  test("waits until something happens that is meant, and no longer", async () => {
    const before = await push("waited/app:v1");
    const answered = send(registry.host, `GET ${EVENTS}?after=${before}&wait=30&repository=waited/this`);
    await push("waited/other:v1");
    await push("waited/this:v1");
    const events = jsonOf(await answered) as Streamed[];
    assert.deepEqual(events.map(said)[0], "repository.created waited/this");
    await expectAnswer(registry.host, `GET ${EVENTS}?after=${await newest()}&wait=0`, {
      status: 200,
      json: [],
    });
  });

  test("has what its selector means, and its Link goes on behind what it has looked at", async () => {
    const before = await newest();
    for (const tag of ["v1", "v2", "w1"]) await push(`selected/app:${tag}`);
    await push("selected/app-other:v1");
    const asked = async (query: string): Promise<string[]> => {
      const found: string[] = [];
      for (let path: string | undefined = `${EVENTS}?after=${before}&n=1&${query}`; path;) {
        const answer = await expectAnswer(registry.host, `GET ${path}`, { status: 200 });
        found.push(...(jsonOf(answer) as Streamed[]).map(said));
        path = /<([^>]+)>/.exec(String(answer.headers["link"] ?? ""))?.[1];
      }
      return found;
    };
    assert.deepEqual(await asked("tag=v*&repository=selected/app"), [
      "tag.set selected/app:v1",
      "tag.set selected/app:v2",
    ]);
    assert.deepEqual(await asked("type=repository.created&under=selected"), [
      "repository.created selected/app",
      "repository.created selected/app-other",
    ]);
    assert.equal((await asked("name=selected/app-*&type=manifest.pushed,tag.set")).length, 2);
    for (const wrong of [
      "type=x",
      "tag=/",
      "under=A",
      "color=red",
      "tag=a&tag=b",
      "after=x",
      "after=1-zz-all",
      "snapshot=true",
      "snapshot=yes",
    ]) {
      await expectAnswer(registry.host, `GET ${EVENTS}?${wrong}`, { status: 400, code: "PARAMETER_INVALID" });
    }
  });
});

describe("a stream", () => {
  test("begins with what there is, says where that ends, and goes on with what happens", async () => {
    await using own = await TestRegistry.open({ beatMs: BEAT_MS });
    await push("a/b:v1", own);
    await push("a/b:v2", own);
    using stream = await Stream.open(own.host, `${EVENTS}?snapshot=true`);
    const there = await stream.untilBookmark();
    assert.ok(there.every(({ snapshot, cursor }) => snapshot === true && cursor === undefined));
    const kinds = there.map(said).map((text) => text.split(" ")[0]);
    assert.deepEqual(kinds, [
      "repository.created",
      "manifest.pushed",
      "manifest.pushed",
      "tag.set",
      "tag.set",
    ]);
    await send(own.host, "DELETE /v2/a/b/manifests/v1");
    const deleted = (await stream.until((event) => !isBookmark(event))).at(-1);
    assert.equal(said(deleted!), "tag.deleted a/b:v1");
    assert.equal(deleted?.snapshot, undefined);
  });

  test("of one repository has what happens there, and is NAME_UNKNOWN where there is none", async () => {
    await push("one/app:v1");
    using stream = await Stream.open(
      registry.host,
      `/v2/one/app/_supercargo/events?snapshot=true&type=tag.set`,
    );
    assert.deepEqual((await stream.untilBookmark()).map(said), ["tag.set one/app:v1"]);
    await push("one/other:v1");
    await push("one/app:v2");
    assert.equal(said((await stream.until((event) => !isBookmark(event))).at(-1)!), "tag.set one/app:v2");
    await expectAnswer(registry.host, "GET /v2/one/none/_supercargo/events", {
      status: 404,
      code: "NAME_UNKNOWN",
    });
  });

  for (const place of ["after=0", "snapshot=true"]) {
    test(`from ${place} is read by an EventSource, which comes back by itself and misses nothing`, async () => {
      await using own = await TestRegistry.open({ beatMs: BEAT_MS });
      await push("es/app:v0", own);
      using source = new Listening(own, `${EVENTS}?${place}&type=tag.set`);
      await waitFor("the first event", () => source.seen.length === 1);
      // What was there has no cursor of its own; the bookmark behind it has.
      await waitFor("a bookmark", () => source.bookmarks > 0);
      await own.restart();
      await push("es/app:v1", own);
      await waitFor("what happened after the restart", () => source.seen.includes("tag.set es/app:v1"));
      assert.deepEqual(source.seen, ["tag.set es/app:v0", "tag.set es/app:v1"]);
    });
  }

  test("is read by curl -N, a line each", async () => {
    await push("curl/app:v1");
    const url = `http://${registry.host}${EVENTS}?repository=curl/app&snapshot=true`;
    const accept = "Accept: application/x-ndjson";
    const { stdout } = await promisify(execFile)("curl", ["-sN", "--max-time", "1", "-H", accept, url]).catch(
      (error: { stdout: string }) => error,
    );
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Streamed);
    assert.deepEqual(
      events.slice(0, 3).map(({ type }) => type),
      ["dev.supercargo.repository.created", "dev.supercargo.manifest.pushed", "dev.supercargo.tag.set"],
    );
  });

  test("has events that the CloudEvents SDK takes", async () => {
    const before = await newest();
    await push("cloud/app:v1");
    using stream = await Stream.open(registry.host, `${EVENTS}?after=${before}`);
    const events = await stream.until(isBookmark);
    using present = await Stream.open(registry.host, `${EVENTS}?snapshot=true&repository=cloud/app`);
    events.push(...(await present.until(isBookmark)));
    assert.equal(events.length, 8);
    for (const event of events) assert.ok(new CloudEvent(event as object).validate());
  });

  test("says when nothing happens how far it is, and goes on from there by cursor and by Last-Event-ID", async () => {
    await push("beat/app:v1");
    using stream = await Stream.open(registry.host, `${EVENTS}?after=${await newest()}`);
    const { cursor = "" } = (await stream.next()) ?? {};
    assert.match(cursor, /^\d+-[0-9a-f]{8}-all$/);
    await push("beat/app:v2");
    for (const headers of [undefined, { "Last-Event-ID": cursor }]) {
      const query = headers ? "after=0" : `after=${cursor}`;
      using again = await Stream.open(registry.host, `${EVENTS}?${query}`, headers ? { headers } : {});
      assert.equal((await again.next())?.type, "dev.supercargo.manifest.pushed");
    }
  });

  test("is not begun at a place that is not of this log, or no longer", async () => {
    const at = await push("place/app:v1");
    const expected = [
      [`after=${at + 1_000}`, 400, "REVISION_UNKNOWN"],
      [`after=${at}-00000000-all`, 410, "REVISION_EXPIRED"],
      [`after=${at + 1_000}-00000000-all`, 410, "REVISION_EXPIRED"],
      ["after=1-00000000-all&wait=1", 410, "REVISION_EXPIRED"],
      ["after=-1", 400, "PARAMETER_INVALID"],
      ["since=99999999", 400, "REVISION_UNKNOWN"],
      ["snapshot=true&type=y", 400, "PARAMETER_INVALID"],
      ["snapshot=yes", 400, "PARAMETER_INVALID", { parameter: "snapshot" }],
      [`snapshot=true&after=${at}`, 400, "PARAMETER_INVALID", { parameter: "snapshot" }],
      ["snapshot=true&since=1h", 400, "PARAMETER_INVALID", { parameter: "snapshot" }],
    ] as const;
    const headers = { Accept: "text/event-stream" };
    for (const [query, status, code, detail] of expected) {
      const answer = await expectAnswer(registry.host, `GET ${EVENTS}?${query}`, {
        send: { headers },
        status,
        code,
      });
      const { errors } = jsonOf(answer) as { errors: { detail: unknown }[] };
      if (detail) assert.deepEqual(errors[0]?.detail, detail);
    }
    await using own = await TestRegistry.open();
    await push("a:v1", own);
    await push("a:v2", own);
    await own.catalog.compact(new Date(Date.now() + 1_000));
    await expectAnswer(own.host, `GET ${EVENTS}?after=1`, {
      send: { headers },
      status: 410,
      code: "REVISION_EXPIRED",
    });
  });

  test("ends when the server stops, which waits for none", async () => {
    const own = await TestRegistry.open();
    using stream = await Stream.open(own.host, `${EVENTS}?after=0`);
    await own[Symbol.asyncDispose]();
    assert.equal(await stream.next(), undefined);
  });

  test("is one of as many as a caller may have, and leaves its place when it ends", async () => {
    await using own = await TestRegistry.open({ streams: 2 });
    const streams = [await Stream.open(own.host, EVENTS), await Stream.open(own.host, EVENTS)];
    const refused = await Stream.open(own.host, EVENTS);
    assert.equal(refused.status, 429);
    refused[Symbol.dispose]();
    await expectAnswer(own.host, `GET ${EVENTS}?after=0&wait=1`, { status: 429, code: "TOOMANYREQUESTS" });
    await expectAnswer(own.host, `GET ${EVENTS}?after=0`, { status: 200 });
    for (const stream of streams) stream[Symbol.dispose]();
    for (let status = 429; status !== 200;) {
      using stream = await Stream.open(own.host, EVENTS);
      ({ status } = stream);
    }
  });
});
