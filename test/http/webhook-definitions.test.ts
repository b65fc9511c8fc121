import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { basic, TestAccess } from "../support/access.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";
import { define, showOf, WEBHOOKS } from "../support/webhooks.ts";

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());

describe("what a webhook may be", () => {
  test("is said of each part that is wrong", async () => {
    const wrong = [
      ["{", "REQUEST_INVALID"],
      ["[]", "PARAMETER_INVALID"],
      [{}, "PARAMETER_INVALID"],
      [{ url: "ftp://receiver.example" }, "PARAMETER_INVALID"],
      [{ url: "nats://receiver.example/a.*" }, "PARAMETER_INVALID"],
      [{ url: "https://receiver.example", format: "xml" }, "PARAMETER_INVALID"],
      [{ url: "https://receiver.example", selector: { color: "red" } }, "PARAMETER_INVALID"],
      [{ url: "https://receiver.example", selector: { type: "tag.moved" } }, "PARAMETER_INVALID"],
      [{ url: "https://receiver.example", secret: "whsec_short" }, "PARAMETER_INVALID"],
      [{ url: "https://receiver.example", colour: "red" }, "PARAMETER_INVALID"],
      [{ url: "http://10.1.2.3/" }, "PARAMETER_INVALID"],
      [{ url: "http://[::ffff:10.1.2.3]/" }, "PARAMETER_INVALID"],
      [{ url: "http://169.254.169.254/latest/meta-data" }, "PARAMETER_INVALID"],
      [{ url: "nats://[::1]:4222/a" }, "PARAMETER_INVALID"],
    ] as const;
    for (const [definition, code] of wrong) {
      const body = typeof definition === "string" ? definition : JSON.stringify(definition);
      await expectAnswer(registry.host, `PUT ${WEBHOOKS}/wrong`, { send: { body }, status: 400, code });
    }
    await expectAnswer(registry.host, `PUT ${WEBHOOKS}/Wrong`, {
      send: { body: "{}" },
      status: 400,
      code: "PARAMETER_INVALID",
    });
    const large = { body: JSON.stringify({ url: "x".repeat(70_000) }) };
    await expectAnswer(registry.host, `PUT ${WEBHOOKS}/wrong`, {
      send: large,
      status: 413,
      code: "SIZE_EXCEEDED",
    });
    await expectAnswer(registry.host, `GET ${WEBHOOKS}`, { status: 200, json: { items: [] } });
  });

  test("shows no password, and a secret once", async () => {
    const secret = `whsec_${Buffer.alloc(32, "k").toString("base64")}`;
    const url = "https://ann:pass@receiver.example/hook";
    const made = await define(registry, "secret", { url, secret });
    const shown = JSON.stringify([made, await showOf(registry, "secret")]);
    assert.doesNotMatch(shown, /whsec_|:pass@/);
    assert.match(shown, /ann:\*\*\*@receiver/);
    await send(registry.host, `DELETE ${WEBHOOKS}/secret`);
  });

  test("is for who may do everything to say", async () => {
    const access = await TestAccess.open(
      {
        rules: [
          { allow: ["admin"], to: ["ann"], on: ["**"] },
          { allow: ["read"], to: ["bob"], on: ["**"] },
        ],
      },
      ["ann", "bob"],
    );
    await using guarded = await TestRegistry.open({ access });
    const { headers } = await expectAnswer(guarded.host, `GET ${WEBHOOKS}`, {
      status: 401,
      code: "UNAUTHORIZED",
    });
    assert.match(String(headers["www-authenticate"]), /scope="registry:admin:\*"/);
    await expectAnswer(guarded.host, `GET ${WEBHOOKS}`, {
      send: { headers: basic("bob") },
      status: 403,
      code: "DENIED",
    });
    await expectAnswer(guarded.host, `GET ${WEBHOOKS}`, { send: { headers: basic("ann") }, status: 200 });
    const tokenOf = async (user: string, scope: string): Promise<{ Authorization: string }> => {
      const query = `?scope=${encodeURIComponent(scope)}`;
      const answer = await send(guarded.host, `GET /v2/_supercargo/token${query}`, { headers: basic(user) });
      return { Authorization: `Bearer ${(jsonOf(answer) as { token: string }).token}` };
    };
    const statusWith = async (user: string, scope: string): Promise<number> =>
      (await send(guarded.host, `GET ${WEBHOOKS}`, { headers: await tokenOf(user, scope) })).status;
    assert.equal(await statusWith("ann", "registry:admin:*"), 200);
    assert.equal(await statusWith("ann", "registry:catalog:*"), 401);
    assert.equal(await statusWith("bob", "registry:admin:*"), 403);
  });
});
