import assert from "node:assert/strict";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { describe, test } from "node:test";
import { basic } from "../support/access.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { keepLog } from "../support/run-log.ts";
import { run } from "./run.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const POLICY = {
  rules: [
    { allow: ["write"], to: ["ann"], on: ["team/**"] },
    { allow: ["read"], to: ["ann"], on: ["library/**"] },
  ],
};

/** A server over a folder, under a policy, and what it logs. */
async function serve(folder: string): Promise<{ host: string; log: string[] } & AsyncDisposable> {
  const config = join(folder, "config.yaml");
  writeFileSync(config, JSON.stringify({ policy: POLICY }));
  const args = [MAIN, "serve", "--listen", "127.0.0.1:0", "--data", join(folder, "data"), "--config", config];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  const log: string[] = [];
  const lines = createInterface(child.stdout);
  lines.on("line", (line) => {
    log.push(line);
    keepLog(line);
  });
  while (!log.some((line) => line.includes('"listening"'))) await once(lines, "line");
  const { port } = JSON.parse(log.find((line) => line.includes('"listening"')) ?? "{}") as { port: number };
  return {
    host: `127.0.0.1:${port}`,
    log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await once(child, "close");
    },
  };
}

describe("users and robots", () => {
  test("are made, changed and ended while the server runs, and nothing tells their secrets", async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-accounts-"));
    const data = ["--data", join(folder.path, "data")];
    await using server = await serve(folder.path);
    const { host } = server;
    const whoami = (headers: Record<string, string>, status: number): Promise<unknown> =>
      expectAnswer(host, "GET /v2/_supercargo/whoami", { send: { headers }, status }).then(jsonOf);

    await whoami(basic("ann", "first secret"), 401);
    const added = await run(["user", "add", "ann", ...data], { input: "first secret\n" });
    assert.deepEqual([added.code, added.out], [0, "User ann added.\n"]);
    assert.equal(((await whoami(basic("ann", "first secret"), 200)) as { user: string }).user, "ann");
    assert.equal((await run(["user", "add", "ann", ...data], { input: "another one\n" })).code, 2);
    assert.equal((await run(["user", "add", "short", ...data], { input: "1234567\n" })).code, 2);

    const refresh = await send(host, "GET /v2/_supercargo/token?offline_token=true", {
      headers: basic("ann", "first secret"),
    });
    const { refresh_token: token } = jsonOf(refresh) as { refresh_token: string };
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const renew = (status: number): Promise<unknown> =>
      expectAnswer(host, "POST /v2/_supercargo/token", {
        send: { headers: form, body: `grant_type=refresh_token&refresh_token=${token}` },
        status,
      });
    await renew(200);
    await run(["user", "passwd", "ann", ...data], { input: "second secret\n" });
    await whoami(basic("ann", "first secret"), 401);
    await whoami(basic("ann", "second secret"), 200);
    await renew(401);

    const made = await run([
      "token",
      "create",
      "ci",
      "--user",
      "ann",
      "--on",
      "team/app",
      "--on",
      "other/**",
      "--allow",
      "pull",
      ...data,
    ]);
    const secret = made.out.trim();
    assert.match(secret, /^supercargo_[\w-]{43}$/);
    const robot = basic("ann+ci", secret);
    const known = (await whoami(robot, 200)) as { user: string; within: unknown };
    assert.deepEqual(
      [known.user, known.within],
      [
        "ann",
        [
          { on: "team/app", allow: ["pull"] },
          { on: "other/**", allow: ["pull"] },
        ],
      ],
    );
    // It may pull there alone, and never what the policy does not allow its user.
    await expectAnswer(host, "GET /v2/team/app/manifests/v1", {
      send: { headers: robot },
      status: 404,
      code: "NAME_UNKNOWN",
    });
    await expectAnswer(host, "POST /v2/team/app/blobs/uploads/", { send: { headers: robot }, status: 403 });
    await expectAnswer(host, "POST /v2/team/other/blobs/uploads/", { send: { headers: robot }, status: 403 });
    const listed = await run(["token", "list", ...data]);
    assert.equal(listed.out, "ann+ci  pull  team/app other/**  no expiry\n");
    await run(["token", "revoke", "ci", "--user", "ann", ...data]);
    await whoami(robot, 401);

    const over = await run([
      "token",
      "create",
      "old",
      "--user",
      "ann",
      "--on",
      "**",
      "--allow",
      "read",
      "--expires",
      "0s",
      ...data,
    ]);
    await whoami(basic("ann+old", over.out.trim()), 401);
    const last = await run([
      "token",
      "create",
      "last",
      "--user",
      "ann",
      "--on",
      "**",
      "--allow",
      "admin",
      ...data,
    ]);
    await whoami(basic("ann+last", last.out.trim()), 200);
    await run(["user", "remove", "ann", ...data]);
    await whoami(basic("ann", "second secret"), 401);
    await whoami(basic("ann+last", last.out.trim()), 401);

    const kept = readFileSync(join(folder.path, "data/accounts.db"), "latin1") + server.log.join("\n");
    for (const hidden of ["first secret", "second secret", secret, last.out.trim(), token]) {
      assert.ok(!kept.includes(hidden), hidden);
    }
    assert.ok(server.log.length > 10);
  });
});
