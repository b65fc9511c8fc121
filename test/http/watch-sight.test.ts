import assert from "node:assert/strict";
import { after, describe, test, type TestContext } from "node:test";
import { basic, TestAccess } from "../support/access.ts";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { waitFor } from "../support/condition.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { isBookmark, said, Stream, type Streamed } from "../support/stream.ts";

const EVENTS = "/v2/_supercargo/events";
const BEAT_MS = 50;

let pushed = 0;
async function push(reference: string, to: TestRegistry): Promise<void> {
  await pushManifest(to.host, reference, manifestOf({ annotations: { n: `${pushed++}` } }));
}

describe("a watcher who may not see all", async () => {
  const ROOT = { allow: ["admin"], to: ["root"], on: ["**"] };
  const rules = (on: string[]): { rules: { allow: string[]; to: string[]; on: string[] }[] } => ({
    rules: [ROOT, { allow: ["list"], to: ["ann"], on }],
  });
  const access = await TestAccess.open({ rules: [{ allow: ["admin"], to: ["anonymous"], on: ["**"] }] }, [
    "ann",
    "root",
  ]);
  const guarded = await TestRegistry.open({ access, beatMs: BEAT_MS });
  after(() => guarded[Symbol.asyncDispose]());
  for (const name of ["a/one", "b/two", "c/three"]) await push(`${name}:v1`, guarded);
  const headers = { ...basic("ann") };
  const pushAs = (reference: string): Promise<unknown> => {
    const [name, tag] = reference.split(":");
    const { bytes, mediaType } = manifestOf({ annotations: { n: `${pushed++}` } });
    const line = `PUT /v2/${name}/manifests/${tag}`;
    return expectAnswer(guarded.host, line, {
      send: { headers: { ...basic("root"), "Content-Type": mediaType }, body: bytes },
      status: 201,
    });
  };

  test("is told of what they may list alone, on pages and in streams", async () => {
    access.reload(rules(["a/**"]));
    const page = await expectAnswer(guarded.host, `GET ${EVENTS}?n=10`, { send: { headers }, status: 200 });
    assert.equal((jsonOf(page) as Streamed[]).length, 3);
    assert.doesNotMatch(page.bytes.toString(), /two|three/);
    using stream = await Stream.open(guarded.host, `${EVENTS}?snapshot=true`, { headers });
    const there = await stream.untilBookmark();
    assert.deepEqual(
      there.map(said).filter((text) => !text.includes("a/one")),
      [],
    );
    assert.equal(there.length, 3);
  });

  test("loses what is hidden from them as by deletions, and is shown what is opened to them", async () => {
    access.reload(rules(["a/**", "b/**"]));
    using stream = await Stream.open(guarded.host, `${EVENTS}?snapshot=true`, { headers });
    await stream.untilBookmark();
    access.reload(rules(["b/**", "c/**"]));
    guarded.wake();
    const changes = (await stream.until(({ type }) => type.endsWith("tag.set"))).filter(
      (event) => !isBookmark(event),
    );
    assert.deepEqual(
      changes.map((event) => said(event).replace(/@.*/, "")),
      [
        "tag.deleted a/one:v1",
        "manifest.deleted a/one",
        "repository.deleted a/one",
        "repository.created c/three",
        "manifest.pushed c/three",
        "tag.set c/three:v1",
      ],
    );
    await stream.untilBookmark();
    await pushAs("a/one:v2");
    await pushAs("c/three:v2");
    const next = await stream.until(({ type }) => type.endsWith("tag.set"));
    assert.equal(said(next.at(-1)!), "tag.set c/three:v2");
  });

  test("comes back with an old cursor to be told to list again, when they may see other things by then", async () => {
    access.reload(rules(["a/**"]));
    const page = await expectAnswer(guarded.host, `GET ${EVENTS}?n=1`, { send: { headers }, status: 200 });
    const cursor = String(page.headers["supercargo-cursor"]);
    await expectAnswer(guarded.host, `GET ${EVENTS}?after=${cursor}`, { send: { headers }, status: 200 });
    access.reload(rules(["b/**"]));
    await expectAnswer(guarded.host, `GET ${EVENTS}?after=${cursor}`, {
      send: { headers },
      status: 410,
      code: "REVISION_EXPIRED",
    });
  });

  /** Waits for what happens behind a cursor while the policy changes, and then something else happens. */
  const waitWhile = async (context: TestContext, cursor: string, change: () => Promise<unknown>) => {
    const { mock } = context.mock.method(guarded.catalog, "changed");
    const answered = send(guarded.host, `GET ${EVENTS}?after=${cursor}&wait=30`, { headers });
    // Who waits has the log followed.
    await waitFor("the page to wait", () => mock.callCount() > 0);
    await change();
    return answered;
  };
  for (const [how, change] of [
    ["at once", () => guarded.wake()],
    ["when something happens that was to be seen", () => pushAs("b/two:hidden")],
  ] as const) {
    test(`ends waiting ${how} without what is hidden from them meanwhile`, async (context) => {
      await guarded.restart();
      access.reload(rules(["a/**", "b/**"]));
      const { headers: before } = await expectAnswer(guarded.host, `GET ${EVENTS}?n=1000`, {
        send: { headers },
        status: 200,
      });
      const cursor = String(before["supercargo-cursor"]);
      const answer = await waitWhile(context, cursor, async () => {
        access.reload(rules(["a/**"]));
        await change();
      });
      assert.deepEqual(jsonOf(answer), []);
      assert.equal(answer.headers["supercargo-cursor"], cursor);
      await expectAnswer(guarded.host, `GET ${EVENTS}?after=${cursor}`, {
        send: { headers },
        status: 410,
        code: "REVISION_EXPIRED",
      });
    });
  }
});
