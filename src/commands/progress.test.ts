import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Progress } from "./progress.ts";

test("a terminal shows how far it is, and nothing when it is over", async () => {
  const screen = Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY: true });
  const keepAlive = setInterval(() => undefined, 1000);
  let line = "3 found";
  {
    using progress = new Progress(screen, () => line);
    const [first] = (await once(screen, "data")) as [string];
    assert.equal(first, "\r\u001B[K3 found");
    progress.clear();
    progress.clear();
    assert.equal(screen.read(), "\r\u001B[K", "cleared once");
    line = "4 found";
    const [second] = (await once(screen, "data")) as [string];
    assert.equal(second, "\r\u001B[K4 found");
  }
  assert.equal(screen.read(), "\r\u001B[K");
  clearInterval(keepAlive);
});

test("what is no terminal is written nothing", () => {
  const screen = new PassThrough();
  {
    using progress = new Progress(screen, () => "");
    progress.clear();
  }
  assert.equal(screen.read(), null);
});
