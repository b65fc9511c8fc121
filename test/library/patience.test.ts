import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Supercargo, type Watched } from "../../src/library/client.ts";

/** Turns after which whatever does not wait for the clock has happened. */
const TURNS = 20;
/** How long a connection may be silent, in milliseconds. */
const SILENCE_MS = 45_000;
/** When the clock begins, in milliseconds since 1970. */
const START = Date.UTC(2026, 0, 1);

/** A connection that the registry was asked for. */
type Connection = {
  readonly place: string;
  readonly say: (...lines: object[]) => void;
  readonly end: () => void;
};

const bookmark = (revision: number): object => ({
  type: "dev.supercargo.bookmark",
  cursor: `${revision}-00000000-all`,
  data: { revision },
});
const there = { type: "dev.supercargo.repository.created", snapshot: true, data: { name: "a" } };

/** A watcher by a clock that is moved by hand, of a registry whose connections are spoken on by hand. */
class Patience implements AsyncDisposable {
  readonly connections: Connection[] = [];
  readonly told: Watched[] = [];
  /** What is answered to all but the first, one after the other, in place of a connection. */
  readonly answers: ("nothing" | Response)[] = [];
  /** Keeps the watcher from asking for more until it is resolved. */
  busy = Promise.resolve();
  readonly #mock: TestContext["mock"];
  readonly #ended = new AbortController();
  readonly #done: Promise<void>;

  constructor({ mock }: TestContext) {
    this.#mock = mock;
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: START });
    mock.method(Math, "random", () => 0);
    this.#done = this.#watch();
  }

  /** Lets so many milliseconds pass, and what is due then happen. */
  async pass(ms: number): Promise<void> {
    this.#mock.timers.tick(ms);
    for (let turn = 0; turn < TURNS; turn++) await setImmediate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#done;
  }

  async #watch(): Promise<void> {
    const client = new Supercargo("http://registry.test", {
      fetch: async (url, init) => this.#connect(url as string, init),
    });
    for await (const one of client.watch({ signal: this.#ended.signal })) {
      this.told.push(one);
      await this.busy;
    }
  }

  #connect(url: string, init: RequestInit | undefined): Response | Promise<Response> {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
    init?.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
    this.connections.push({
      place: new URL(url).search,
      say: (...lines) => {
        for (const line of lines) controller.enqueue(Buffer.from(`${JSON.stringify(line)}\n`));
      },
      end: () => controller.close(),
    });
    const answer = this.connections.length > 1 ? this.answers.shift() : undefined;
    return answer === "nothing" ? unanswered(init) : (answer ?? new Response(body));
  }
}

/** What is waited for until it is given up. */
function unanswered({ signal }: RequestInit = {}): Promise<Response> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

describe("a watcher", () => {
  test("gives up a connection that is silent for longer than a registry is, and goes on where it was", async (context) => {
    await using one = new Patience(context);
    await one.pass(0);
    one.connections[0]?.say(there, bookmark(1));
    await one.pass(SILENCE_MS - 1);
    one.connections[0]?.say(bookmark(2));
    await one.pass(0);
    await one.pass(SILENCE_MS - 1);
    assert.equal(one.connections.length, 1);
    await one.pass(1);
    await one.pass(200);
    assert.deepEqual(
      one.connections.map(({ place }) => place),
      ["?snapshot=true", "?after=2-00000000-all"],
    );
    assert.deepEqual(
      one.told.map(({ type }) => type),
      ["reset", "repository.created", "bookmark", "bookmark"],
    );
  });

  test("gives up one that is not answered at all, after a while that grows", async (context) => {
    await using one = new Patience(context);
    await one.pass(0);
    one.answers.push("nothing", "nothing");
    one.connections[0]?.end();
    await one.pass(0);
    await one.pass(200);
    for (const [silent, wait] of [
      [2 * SILENCE_MS, 400],
      [3 * SILENCE_MS, 800],
    ] as const) {
      const { length } = one.connections;
      await one.pass(silent - 1);
      await one.pass(1);
      await one.pass(wait - 1);
      assert.equal(one.connections.length, length);
      await one.pass(1);
      assert.equal(one.connections.length, length + 1);
    }
  });

  test("gives up none while it is itself what takes long", async (context) => {
    await using one = new Patience(context);
    await one.pass(0);
    const { promise, resolve } = Promise.withResolvers<void>();
    one.busy = promise;
    one.connections[0]?.say(there);
    await one.pass(0);
    await one.pass(10 * SILENCE_MS);
    one.connections[0]?.say(bookmark(1));
    resolve();
    await one.pass(0);
    assert.equal(one.connections.length, 1);
    assert.equal(one.told.at(-1)?.type, "bookmark");
  });

  test("waits twice as long each time until it has come further", async (context) => {
    await using one = new Patience(context);
    await one.pass(0);
    let count = 1;
    const failAndWait = async (ms: number): Promise<void> => {
      one.connections.at(-1)?.say(there);
      one.connections.at(-1)?.end();
      await one.pass(0);
      await one.pass(ms - 1);
      assert.equal(one.connections.length, count);
      await one.pass(1);
      assert.equal(one.connections.length, ++count);
    };
    for (const ms of [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]) await failAndWait(ms);
    one.connections.at(-1)?.say(bookmark(1));
    for (const ms of [200, 400]) await failAndWait(ms);
  });

  test("comes back when the registry says so, be it by seconds or by a date, but within an hour", async (context) => {
    await using one = new Patience(context);
    await one.pass(0);
    const date = new Date(START + 30_000).toUTCString();
    for (const text of ["7", date, "86400", "soon"]) {
      one.answers.push(new Response("", { status: 503, headers: { "Retry-After": text } }));
    }
    one.connections[0]?.end();
    await one.pass(0);
    for (const ms of [200, 7_000, 30_000 - 7_200, 3_600_000, 3_200]) {
      const { length } = one.connections;
      await one.pass(ms - 1);
      assert.equal(one.connections.length, length);
      await one.pass(1);
      assert.equal(one.connections.length, length + 1);
    }
  });
});
