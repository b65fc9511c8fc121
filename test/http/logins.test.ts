import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { decodeJwt } from "jose";
import { hashPassword } from "../../src/access/argon2.ts";
import { openPostgres } from "../../src/catalog/postgres.ts";
import { openSqliteAccounts } from "../../src/catalog/sqlite-accounts.ts";
import { basic, bearer, tokenFor } from "../support/access.ts";
import { blobOf, manifestOf, pushBlob } from "../support/artifact.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { LoginScene, PASSWORD } from "../support/logins.ts";
import { startPostgres } from "../support/postgres.ts";
import { TestRegistry } from "../support/registry.ts";

const postgres = await startPostgres();
after(() => postgres[Symbol.asyncDispose]());

const ENGINES = {
  SQLite: openSqliteAccounts,
  PostgreSQL: async () => openPostgres(await postgres.createDatabase()),
};

for (const [engine, open] of Object.entries(ENGINES)) {
  describe(`logins of accounts on ${engine}`, () => {
    test("are wrong with a name or password that no database takes, and cost what others cost", async () => {
      await using scene = await LoginScene.open(open);
      await using registry = await TestRegistry.open({ access: await scene.access() });
      const names = ["ann\0", "\0", "ann+ci\0", "a\0b+ci", "ann+\0", "ann\u{fffd}", "a".repeat(5_000)];
      const pairs = [...names.map((name) => [name, PASSWORD] as const), ["ann", `${PASSWORD}\0`] as const];
      for (const [n, [name, password]] of pairs.entries()) {
        const headers = basic(name, password);
        await expectAnswer(registry.host, "GET /v2/", {
          send: { headers },
          status: 401,
          code: "UNAUTHORIZED",
        });
        assert.equal(scene.gate.hashes, n + 1, JSON.stringify(name));
      }
      const form = { grant_type: "password", username: "ann\0", password: PASSWORD };
      const body = new URLSearchParams(form).toString();
      await expectAnswer(registry.host, "POST /v2/_supercargo/token", { send: { body }, status: 401 });
      assert.equal(scene.gate.hashes, pairs.length + 1);
    });

    test("end with what was got by them: within five seconds of when a robot, password or user does", async () => {
      await using scene = await LoginScene.open(open);
      await using registry = await TestRegistry.open({ access: await scene.access() });
      const { host } = registry;
      const tokenOf = async (headers: object): Promise<Record<string, string>> =>
        bearer(
          (
            jsonOf(await send(host, "GET /v2/_supercargo/token", { headers: { ...headers } })) as {
              token: string;
            }
          ).token,
        );
      const ping = (headers: Record<string, string>, status: 200 | 401): Promise<unknown> =>
        expectAnswer(host, "GET /v2/", {
          send: { headers },
          status,
          ...(status === 401 && { headers: { "www-authenticate": /error="invalid_token"$/ } }),
        });
      const [first, second] = [await scene.addRobot("first"), await scene.addRobot("second")];
      const robots = [
        await tokenOf(basic("ann+first", first)),
        await tokenOf(basic("ann+second", second)),
      ] as const;
      const [ann, bob] = [await tokenOf(basic("ann", PASSWORD)), await tokenOf(basic("bob", "bob-password"))];
      for (const one of [...robots, ann, bob]) await ping(one, 200);

      await scene.accounts.removeRobot("ann", "first");
      // Another one of that name is not who got the token.
      await scene.addRobot("first");
      scene.now += 4_999;
      await ping(robots[0], 200);
      scene.now += 1;
      await ping(robots[0], 401);
      await scene.accounts.putUser("ann", await hashPassword("another one"));
      scene.now += 5_000;
      await ping(ann, 401);
      await ping(robots[1], 200);
      await scene.accounts.removeUser("ann");
      scene.now += 5_000;
      await ping(robots[1], 401);
      await ping(bob, 200);
    });

    test("of a robot with an expiry get tokens that hold no longer", async () => {
      await using scene = await LoginScene.open(open);
      await using registry = await TestRegistry.open({ access: await scene.access() });
      const expires = new Date(Date.now() + 60_000);
      const secret = await scene.addRobot("ci", { expires });
      const answer = await send(registry.host, "GET /v2/_supercargo/token", {
        headers: basic("ann+ci", secret),
      });
      const { token, expires_in: seconds } = jsonOf(answer) as { token: string; expires_in: number };
      const { exp = 0, iat = 0 } = decodeJwt(token);
      assert.ok(seconds > 0 && seconds <= 60, `${seconds}`);
      assert.equal(exp - iat, seconds);
      scene.now = expires.getTime();
      await expectAnswer(registry.host, "GET /v2/", { send: { headers: bearer(token) }, status: 401 });
    });
  });
}

test("a robot is told that it is one, and events and the log say that it was", async () => {
  await using scene = await LoginScene.open();
  await using registry = await TestRegistry.open({ access: await scene.access() });
  const { host } = registry;
  const password = basic("ann+ci", await scene.addRobot("ci", { allow: ["push", "pull"] }));
  const got = await send(host, "GET /v2/_supercargo/token?scope=repository:app:push,pull", {
    headers: password,
  });
  const token = bearer((jsonOf(got) as { token: string }).token);
  const { bytes: body, mediaType } = manifestOf({});
  for (const [n, headers] of [password, token].entries()) {
    const whoami = await expectAnswer(host, "GET /v2/_supercargo/whoami", { send: { headers }, status: 200 });
    const { user, robot } = jsonOf(whoami) as { user: string; robot: string };
    assert.deepEqual([user, robot], ["ann", "ci"]);
    await expectAnswer(host, `PUT /v2/app/manifests/v${n}`, {
      send: { headers: { ...headers, "Content-Type": mediaType }, body },
      status: 201,
    });
    assert.equal(registry.entries.at(-1)?.actor, "ann+ci");
    const { revision } = await registry.catalog.bounds();
    const { events } = await registry.catalog.events({ after: revision - 1, limit: 1 });
    assert.equal(events[0]?.actor, "ann+ci");
  }
});

describe("a password", () => {
  test("is worked out once for as long as it is right, wherever it is kept", async () => {
    await using scene = await LoginScene.open();
    for (const name of ["ann", "bob"]) {
      const before = scene.gate.hashes;
      const login = (): Promise<string | undefined> => scene.login(name, `${name}-password`);
      for (let n = 0; n < 3; n++) assert.equal(await login(), name);
      assert.equal(scene.gate.hashes, before + 1, name);
    }
  });

  test("that is new counts, and the one before no more", async () => {
    await using scene = await LoginScene.open();
    assert.equal(await scene.login("ann", PASSWORD), "ann");
    await scene.accounts.putUser("ann", await hashPassword("another one"));
    assert.equal(await scene.login("ann", PASSWORD), undefined);
    assert.equal(await scene.login("ann", "another one"), "ann");
  });
});

describe("who guesses", () => {
  test("many passwords at once has few of them worked out, and others are served meanwhile", async () => {
    await using scene = await LoginScene.open();
    await using registry = await TestRegistry.open({ access: await scene.access() });
    const { host } = registry;
    const blob = blobOf("a layer");
    await pushBlob(host, "app", blob);
    const headers = bearer(await tokenFor(host, undefined, ["repository:app:pull"]));
    const guesses = Array.from({ length: 300 }, (_, n) =>
      send(host, "GET /v2/", { headers: basic("ann", `guess ${n}`) }),
    );
    await expectAnswer(host, `GET /v2/app/blobs/${blob.digest}`, { send: { headers }, status: 200 });
    const answers = await Promise.all(guesses);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401, 429]));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.every((answer) => /^[1-9]\d*$/.test(String(answer.headers["retry-after"]))));
    // Two at a time; none of them does any more once one was wrong, but for a few that came later and waited.
    assert.ok(scene.gate.hashes <= 20, `${scene.gate.hashes} were worked out`);
  });

  test("does not keep out whose password was right there lately, nor robots", async () => {
    await using scene = await LoginScene.open();
    const secret = await scene.addRobot("ci");
    assert.equal(await scene.login("ann", PASSWORD), "ann");
    assert.equal(await scene.login("bob", "bob-password"), "bob");
    assert.deepEqual(await scene.guess((n) => `user-${n}`, 30), new Set([undefined, "TOOMANYREQUESTS"]));
    assert.deepEqual(await scene.guess(() => "ann", 20), new Set([undefined, "TOOMANYREQUESTS"]));
    scene.waits.length = 0;
    assert.equal(await scene.login("ann", PASSWORD), "ann");
    assert.equal(await scene.login("bob", "bob-password"), "bob");
    assert.equal(await scene.login("ann+ci", secret), "ann");
    assert.deepEqual(scene.waits, []);
    // From elsewhere nobody was right yet, and there is nobody to wait for.
    assert.equal(await scene.login("ann", PASSWORD, "198.51.100.1"), "ann");
    assert.deepEqual(scene.waits, []);
  });

  test("may not try one password after the other against one that was right", async () => {
    await using scene = await LoginScene.open();
    assert.equal(await scene.login("ann", PASSWORD), "ann");
    assert.deepEqual(await scene.guess(() => "ann", 110), new Set([undefined, "TOOMANYREQUESTS"]));
    await assert.rejects(scene.login("ann", PASSWORD), { code: "TOOMANYREQUESTS" });
  });

  test("from anywhere in a network of IPv6 is one", async () => {
    await using scene = await LoginScene.open();
    for (let n = 0; n < 5; n++)
      assert.equal(await scene.login("ann", `guess ${n}`, `2001:db8::${n}`), undefined);
    assert.ok(scene.waits.length > 0);
    scene.waits.length = 0;
    assert.equal(await scene.login("ann", PASSWORD, "2001:db8:0:1::1"), "ann");
    assert.deepEqual(scene.waits, []);
  });
});
