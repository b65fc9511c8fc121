import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { blobOf, descriptorOf, manifestOf, pushBlob, pushManifest } from "../support/artifact.ts";
import { expectAnswer, jsonOf } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

type LoggedEvent = { id: string; type: string; subject: string; data: Record<string, unknown> };

async function eventsAfter(since: number): Promise<LoggedEvent[]> {
  const answer = await expectAnswer(host, `GET /v2/_supercargo/events?after=${since}&n=1000`, {
    status: 200,
  });
  return jsonOf(answer) as LoggedEvent[];
}

async function revision(): Promise<number> {
  return (await registry.catalog.bounds()).revision;
}

/** What happened while `act` ran: the short name of each event and its subject. */
async function during(act: () => Promise<unknown>): Promise<string[]> {
  const before = await revision();
  await act();
  const events = await eventsAfter(before);
  return events.map(({ type, subject }) => `${type.replace("dev.supercargo.", "")} ${subject}`);
}

describe("the log", () => {
  const first = manifestOf({ annotations: { name: "first" } });
  const second = manifestOf({ annotations: { name: "second" } });

  test("a first push makes a repository, a manifest and a tag, and blobs make nothing", async () => {
    const layer = blobOf("a layer");
    const happened = await during(async () => {
      await pushBlob(host, "log/app", layer);
      await pushManifest(host, "log/app:v1", first);
      await expectAnswer(host, `DELETE /v2/log/app/blobs/${layer.digest}`, { status: 202 });
    });
    assert.deepEqual(happened, [
      "repository.created log/app",
      `manifest.pushed log/app@${first.digest}`,
      "tag.set log/app:v1",
    ]);
  });

  test("pushing again what is there makes no event", async () => {
    const again = (): Promise<unknown> => pushManifest(host, "log/app:v1", first);
    assert.deepEqual(await during(again), []);
  });

  test("a tag that moves says where it was, and one that goes says where it pointed", async () => {
    const before = await revision();
    await pushManifest(host, "log/app:v1", second);
    await expectAnswer(host, "DELETE /v2/log/app/manifests/v1", { status: 202 });
    const [pushed, set, deleted, ...rest] = await eventsAfter(before);
    assert.deepEqual(rest, []);
    assert.equal(pushed?.type, "dev.supercargo.manifest.pushed");
    assert.deepEqual(
      [set?.type, set?.data["name"], set?.data["digest"], set?.data["previousDigest"]],
      ["dev.supercargo.tag.set", "v1", second.digest, first.digest],
    );
    assert.deepEqual(
      [deleted?.type, deleted?.data["name"], deleted?.data["digest"]],
      ["dev.supercargo.tag.deleted", "v1", second.digest],
    );
  });

  test("deleting a digest takes its tags along, one event each", async () => {
    for (const tag of ["b", "a", "c"]) await pushManifest(host, `log/app:${tag}`, first);
    await pushManifest(host, "log/app:stays", second);
    const happened = await during(() =>
      expectAnswer(host, `DELETE /v2/log/app/manifests/${first.digest}`, { status: 202 }),
    );
    assert.deepEqual(happened, [
      "tag.deleted log/app:a",
      "tag.deleted log/app:b",
      "tag.deleted log/app:c",
      `manifest.deleted log/app@${first.digest}`,
    ]);
  });

  test("deleting a repository is one event for each thing that goes, and its blobs are gone too", async () => {
    const layer = blobOf("goes along");
    await pushBlob(host, "log/whole", layer);
    await pushManifest(host, "log/whole:v1", first);
    await pushManifest(host, "log/whole:v2", second);
    const happened = await during(() =>
      expectAnswer(host, "DELETE /v2/log/whole/_supercargo/repository", { status: 202 }),
    );
    const manifests = [first.digest, second.digest].toSorted();
    assert.deepEqual(happened, [
      "tag.deleted log/whole:v1",
      "tag.deleted log/whole:v2",
      ...manifests.map((digest) => `manifest.deleted log/whole@${digest}`),
      "repository.deleted log/whole",
    ]);
    await expectAnswer(host, "GET /v2/log/whole/tags/list", { status: 404, code: "NAME_UNKNOWN" });
    await expectAnswer(host, `HEAD /v2/log/whole/blobs/${layer.digest}`, { status: 404 });
    await expectAnswer(host, "DELETE /v2/log/whole/_supercargo/repository", {
      status: 404,
      code: "NAME_UNKNOWN",
    });
    assert.deepEqual(await during(() => pushManifest(host, "log/whole:v1", first)), [
      "repository.created log/whole",
      `manifest.pushed log/whole@${first.digest}`,
      "tag.set log/whole:v1",
    ]);
  });

  test("a push is told by what it changes, as docs/webhooks.md has it", async () => {
    const pushing = async (content: typeof first): Promise<string[]> =>
      (await during(() => pushManifest(host, "log/pushed:v1", content))).map(
        (text) => text.split(" ")[0] ?? "",
      );
    assert.deepEqual(await pushing(first), ["repository.created", "manifest.pushed", "tag.set"]);
    assert.deepEqual(await pushing(second), ["manifest.pushed", "tag.set"]);
    assert.deepEqual(await pushing(first), ["tag.set"]);
    assert.deepEqual(await pushing(first), []);
    await expectAnswer(host, `DELETE /v2/log/pushed/manifests/${first.digest}`, { status: 202 });
    assert.deepEqual(await pushing(first), ["manifest.pushed", "tag.set"]);
  });

  test("a push that is refused makes no event", async () => {
    const happened = await during(async () => {
      await expectAnswer(host, "PUT /v2/log/refused/manifests/v1", { send: { body: "{" }, status: 400 });
      await expectAnswer(host, "DELETE /v2/log/app/manifests/nothing", { status: 404 });
    });
    assert.deepEqual(happened, []);
  });

  test("an event is a CloudEvent with the manifest's type and size, who did it, and the request's id", async () => {
    const before = await revision();
    const subject = descriptorOf(first);
    const note = manifestOf({ subject, artifactType: "application/vnd.example.note" });
    const { headers } = await pushManifest(host, "log/app:note", note);
    const [pushed, set] = await eventsAfter(before);
    const id = String(before + 1).padStart(16, "0");
    assert.deepEqual(
      { ...pushed, time: "", cursor: "" },
      {
        specversion: "1.0",
        type: "dev.supercargo.manifest.pushed",
        source: "http://registry.test",
        id,
        sequence: id,
        cursor: "",
        subject: `log/app@${note.digest}`,
        time: "",
        datacontenttype: "application/json",
        data: {
          repository: "log/app",
          digest: note.digest,
          mediaType: MEDIA_TYPES.ociManifest,
          artifactType: "application/vnd.example.note",
          size: note.bytes.byteLength,
          imageSize: 2,
          subject: first.digest,
          actor: "anonymous",
          requestId: headers["x-request-id"],
        },
      },
    );
    assert.equal(set?.data["requestId"], headers["x-request-id"]);
  });
});

describe("reading the log in pages", () => {
  test("pages of any size, followed by Link, give every event once, in order, to the end", async () => {
    const all = await eventsAfter(0);
    assert.ok(all.length > 10);
    for (const n of [1, 3, all.length, all.length + 1]) {
      const seen: LoggedEvent[] = [];
      let next: string | undefined = `/v2/_supercargo/events?n=${n}`;
      while (next !== undefined) {
        const answer = await expectAnswer(host, `GET ${next}`, {
          status: 200,
          headers: {
            "content-type": "application/cloudevents-batch+json",
            "supercargo-revision": await revision(),
          },
        });
        const page = jsonOf(answer) as LoggedEvent[];
        assert.ok(page.length > 0, "a Link leads to a page with something on it");
        seen.push(...page);
        next = /^<(\/v2\/_supercargo\/events\?after=\d+-[0-9a-f]{8}-all&n=\d+)>; rel="next"$/.exec(
          String(answer.headers["link"]),
        )?.[1];
        assert.equal(next === undefined, answer.headers["link"] === undefined);
      }
      assert.deepEqual(seen, all);
    }
    assert.deepEqual(
      all.map(({ id }) => Number(id)),
      all.map((_, at) => at + 1),
    );
  });

  test("the end of the log is an empty page without a Link, and n=0 is one anywhere", async () => {
    const end = await revision();
    for (const query of [`after=${end}`, `after=${end}&n=5`, "after=0&n=0"]) {
      await expectAnswer(host, `GET /v2/_supercargo/events?${query}`, {
        status: 200,
        headers: { link: undefined, "supercargo-revision": end },
        json: [],
      });
    }
  });

  test("a page is never longer than 1,000, whatever n is", async () => {
    const tags = Array.from({ length: 100 }, (_, at) => `tag=t${at}`).join("&");
    for (let at = 0; at < 10; at++) {
      const { digest, bytes, mediaType } = manifestOf({ annotations: { at: String(at) } });
      await expectAnswer(host, `PUT /v2/log/many/manifests/${digest}?${tags}`, {
        send: { headers: { "Content-Type": mediaType }, body: bytes },
        status: 201,
      });
    }
    const answer = await expectAnswer(host, "GET /v2/_supercargo/events?n=99999999999999999999", {
      status: 200,
      headers: { link: /^<\/v2\/_supercargo\/events\?after=1000-[0-9a-f]{8}-all&n=1000>; rel="next"$/ },
    });
    assert.equal((jsonOf(answer) as unknown[]).length, 1000);
  });

  test("a revision that has not happened is refused, and so are parameters that are not there", async () => {
    const end = await revision();
    const { bytes } = await expectAnswer(host, `GET /v2/_supercargo/events?after=${end + 1}`, {
      status: 400,
      code: "REVISION_UNKNOWN",
    });
    assert.ok(bytes.includes(`"newest":${end}`));
    for (const query of ["after=-1", "after=x", "n=1e3", "since=soon", "since=1&after=1", "after=0&After=1"])
      await expectAnswer(host, `GET /v2/_supercargo/events?${query}`, {
        status: 400,
        code: "PARAMETER_INVALID",
      });
  });

  test("the log since a time begins with what happened then, deletions included", async () => {
    await using own = await TestRegistry.open();
    await pushManifest(own.host, "since/app:v1", manifestOf());
    const { events } = await own.catalog.events({ after: 0, limit: 10 });
    const time = events.at(-1)?.time ?? new Date();
    while (Date.now() <= time.getTime()) await new Promise(setImmediate);
    await expectAnswer(own.host, "DELETE /v2/since/app/manifests/v1", { status: 202 });
    const typesSince = async (since: string): Promise<string[]> => {
      const answer = await expectAnswer(own.host, `GET /v2/_supercargo/events?since=${since}`, {
        status: 200,
      });
      return (jsonOf(answer) as { type: string }[]).map(({ type }) => type.replace("dev.supercargo.", ""));
    };
    const all = ["repository.created", "manifest.pushed", "tag.set", "tag.deleted"];
    assert.deepEqual(await typesSince(time.toISOString()), all);
    assert.deepEqual(await typesSince(new Date(time.getTime() + 1).toISOString()), ["tag.deleted"]);
    assert.deepEqual(await typesSince("1h"), all);
    assert.deepEqual(await typesSince("3"), ["tag.deleted"]);
  });

  test("what was compacted away is 410, with the oldest revision that can still be asked for", async () => {
    await using aged = await TestRegistry.open();
    await pushManifest(aged.host, "old/app:v1", manifestOf());
    const oldest = await aged.catalog.compact(new Date(Date.now() + 60_000));
    assert.ok(oldest > 0);
    const gone = await expectAnswer(aged.host, "GET /v2/_supercargo/events?after=0", {
      status: 410,
      code: "REVISION_EXPIRED",
    });
    assert.ok(gone.bytes.includes(`"oldest":${oldest}`));
    await expectAnswer(aged.host, `GET /v2/_supercargo/events?after=${oldest}`, { status: 200, json: [] });
    await expectAnswer(aged.host, "GET /v2/old/app/manifests/v1", { status: 200 });
  });
});

describe("discovery", () => {
  test("the extensions are announced, alike for the registry and for any repository", async () => {
    const answer = await expectAnswer(host, "GET /v2/_oci/ext/discover", { status: 200 });
    const { extensions } = jsonOf(answer) as {
      extensions: { name: string; url: string; endpoints: string[] }[];
    };
    assert.deepEqual(
      extensions.map(({ name }) => name),
      ["_oci", "_catalog", "_list", "_supercargo"],
    );
    for (const { url, endpoints } of extensions) assert.ok(url !== "" && endpoints.length > 0);
    await expectAnswer(host, "GET /v2/log/app/_oci/ext/discover", { status: 200, json: { extensions } });
  });
});
