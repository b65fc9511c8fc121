import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ROUTES } from "../../src/http/routes.ts";
import { basic, bearer, tokenFor } from "../support/access.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { filled, image, layer, RULES, secretLayer } from "../support/guarded.ts";

const { registry, access } = await filled("team/app");
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const challengeFor = (scope: string, more = ""): RegExp =>
  new RegExp(
    String.raw`^Bearer realm="http://127\.0\.0\.1:\d+/v2/_supercargo/token",service="supercargo",scope="${scope}"${more}$`,
  );
const INSUFFICIENT = ',error="insufficient_scope"';

describe("the ping", () => {
  test("R1: asks everybody for a token, and is 200 for any that is valid", async () => {
    await expectAnswer(host, "GET /v2/", {
      status: 401,
      code: "UNAUTHORIZED",
      headers: {
        "www-authenticate":
          /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/v2\/_supercargo\/token",service="supercargo"$/,
      },
    });
    for (const headers of [bearer(await tokenFor(host, undefined, [])), basic("stranger")])
      await expectAnswer(host, "GET /v2/", { send: { headers }, status: 200, json: {} });
    await expectAnswer(host, "GET /v2/", { send: { headers: basic("ann", "wrong") }, status: 401 });
    await expectAnswer(host, "GET /v2/", { send: { headers: { Authorization: "Basic Og==" } }, status: 401 });
  });

  test("R3: the realm is where the client reached the registry", async () => {
    const hosts = {
      "registry.example:5000": "http://registry.example:5000/",
      "[::1]:80": "http://[::1]:80/",
      'x"y': "http://registry.test/",
    };
    for (const [named, origin] of Object.entries(hosts)) {
      const { headers } = await send(host, "GET /v2/", { headers: { host: named } });
      assert.ok(String(headers["www-authenticate"]).startsWith(`Bearer realm="${origin}v2/`), named);
    }
  });
});

describe("a repository", () => {
  const manifest = "/v2/team/app/manifests/v1";

  test("that is for everybody is read without a token, and with whatever token there is", async () => {
    await expectAnswer(host, "GET /v2/library/app/manifests/v1", { status: 200 });
    await expectAnswer(host, "GET /v2/library/app/tags/list", { status: 200 });
    const headers = bearer(await tokenFor(host, "stranger", ["repository:library/app:pull"]));
    await expectAnswer(host, "GET /v2/library/app/manifests/v1", { send: { headers }, status: 200 });
    await expectAnswer(host, "GET /v2/library/app/tags/list", { send: { headers }, status: 200 });
  });

  test("R5: asks nobody for the scope that is needed, and says when a token has too little", async () => {
    const needed = [
      [`GET ${manifest}`, "repository:team/app:pull"],
      ["GET /v2/team/app/tags/list", "repository:team/app:pull"],
      ["POST /v2/team/app/blobs/uploads/", "repository:team/app:pull,push"],
      [`DELETE ${manifest}`, "repository:team/app:delete"],
    ] as const;
    for (const [line, scope] of needed) {
      await expectAnswer(host, line, { status: 401, headers: { "www-authenticate": challengeFor(scope) } });
      for (const user of [undefined, "root"]) {
        const headers = bearer(await tokenFor(host, user, ["repository:library/app:pull"]));
        await expectAnswer(host, line, {
          send: { headers },
          status: 401,
          code: "UNAUTHORIZED",
          headers: { "www-authenticate": challengeFor(scope, INSUFFICIENT) },
        });
      }
    }
  });

  test("takes what a user may do, by token and by password, and by nothing else", async () => {
    const token = bearer(await tokenFor(host, "ann", ["repository:team/app:pull,push,delete"]));
    for (const headers of [token, basic("ann")]) {
      await expectAnswer(host, `GET ${manifest}`, { send: { headers }, status: 200 });
      await expectAnswer(host, "GET /v2/team/app/tags/list", { send: { headers }, status: 200 });
      await expectAnswer(host, "POST /v2/team/app/blobs/uploads/", { send: { headers }, status: 202 });
      await expectAnswer(host, `DELETE ${manifest}`, { send: { headers }, status: 403, code: "DENIED" });
      await expectAnswer(host, "DELETE /v2/team/app/_supercargo/repository", {
        send: { headers },
        status: 403,
        code: "DENIED",
      });
    }
  });

  test("R8: an upload goes on with the token by which it began, and not without", async () => {
    const headers = bearer(await tokenFor(host, "ann", ["repository:team/up:pull,push"]));
    const started = await expectAnswer(host, "POST /v2/team/up/blobs/uploads/", {
      send: { headers },
      status: 202,
    });
    const location = started.headers.location ?? "";
    await expectAnswer(host, `PATCH ${location}`, { send: { body: layer.bytes }, status: 401 });
    await expectAnswer(host, `PATCH ${location}`, { send: { headers, body: layer.bytes }, status: 202 });
    await expectAnswer(host, `PUT ${location}?digest=${layer.digest}`, { send: { headers }, status: 201 });
  });

  test("may be listed without being pulled from, and the other way round", async () => {
    const tags = "/v2/team/app/tags/list";
    await expectAnswer(host, `GET ${tags}`, { send: { headers: basic("lister") }, status: 200 });
    await expectAnswer(host, `GET ${manifest}`, {
      send: { headers: basic("lister") },
      status: 403,
      code: "DENIED",
    });
    await expectAnswer(host, `GET ${manifest}`, { send: { headers: basic("puller") }, status: 200 });
    await expectAnswer(host, `GET ${tags}`, {
      send: { headers: basic("puller") },
      status: 403,
      code: "DENIED",
    });
    // A tag in the place of a list is content, and a list is none.
    const list = "GET /v2/team/app/manifests/_list";
    const listed = await expectAnswer(host, list, { send: { headers: basic("lister") }, status: 200 });
    assert.ok("manifests" in (jsonOf(listed) as object));
    await expectAnswer(host, list, { send: { headers: basic("root") }, status: 200, bytes: image.bytes });
  });

  test("lets no proxy hand its blobs on to others", async () => {
    const headers = { "cache-control": /^private,/ };
    const line = `GET /v2/team/app/blobs/${layer.digest}`;
    await expectAnswer(host, line, { send: { headers: basic("ann") }, status: 200, headers });
  });

  test("is closed at once when the policy is another one, whatever tokens there are", async () => {
    const headers = bearer(await tokenFor(host, "ann", ["repository:team/app:pull"]));
    await expectAnswer(host, `GET ${manifest}`, { send: { headers }, status: 200 });
    access.reload({ rules: [{ allow: ["read"], to: ["anonymous"], on: ["library/**"] }] });
    await expectAnswer(host, `GET ${manifest}`, { send: { headers }, status: 404, code: "NAME_UNKNOWN" });
    access.reload(RULES);
  });

  test("its events and the log say who it was", async () => {
    const headers = basic("ann");
    await expectAnswer(host, "PUT /v2/team/new/manifests/v1", {
      send: { headers: { ...headers, "Content-Type": image.mediaType }, body: image.bytes },
      status: 201,
    });
    assert.equal(registry.entries.at(-1)?.actor, "ann");
    const { revision } = await registry.catalog.bounds();
    const { events } = await registry.catalog.events({ after: revision - 1, limit: 1 });
    assert.equal(events[0]?.actor, "ann");
  });
});

describe("lists over many repositories", () => {
  const lists = ROUTES.filter(({ needs }) => needs === "seen").map(({ path }) =>
    path.replace("<name>", "team"),
  );
  const named = lists.filter((path) => path.includes("_supercargo/") || path.includes("_catalog"));
  const lineFor = (path: string): string => `GET ${path}${path.endsWith("search") ? "?q=app" : ""}`;
  const namesIn = async (line: string, headers = {}): Promise<Set<string>> => {
    const { bytes } = await expectAnswer(host, line, { send: { headers }, status: 200 });
    return new Set(bytes.toString().match(/(?:library|team)\/app/g) ?? []);
  };

  test("show each caller what they may list, by password and by token", async () => {
    assert.ok(lists.length > 10 && named.length >= 5);
    for (const line of named.filter((path) => !path.includes("namespaces")).map(lineFor)) {
      assert.deepEqual(await namesIn(line), new Set(["library/app"]), line);
      assert.deepEqual(await namesIn(line, basic("stranger")), new Set(["library/app"]), line);
      assert.deepEqual(await namesIn(line, basic("puller")), new Set(["library/app"]), line);
      assert.deepEqual(await namesIn(line, basic("lister")), new Set(["library/app", "team/app"]), line);
      for (const scopes of [[], ["registry:catalog:*"], ["repository:*:list"]]) {
        const headers = bearer(await tokenFor(host, "ann", scopes));
        assert.deepEqual(await namesIn(line, headers), new Set(["library/app", "team/app"]), line);
      }
    }
  });

  test("that clients of registries know ask them for a token first, of which that of nobody is enough", async () => {
    const line = "GET /v2/_catalog";
    await expectAnswer(host, line, {
      status: 401,
      headers: { "www-authenticate": challengeFor("registry:catalog:\\*") },
    });
    assert.deepEqual(
      await namesIn(line, bearer(await tokenFor(host, undefined, []))),
      new Set(["library/app"]),
    );
    assert.deepEqual(await namesIn(line, basic("lister")), new Set(["library/app", "team/app"]));
  });

  test("show with a token for a namespace that namespace alone", async () => {
    const headers = bearer(await tokenFor(host, "root", ["repository:team:list"]));
    for (const line of named.filter((path) => !path.includes("namespaces")).map(lineFor)) {
      assert.deepEqual(await namesIn(line, headers), new Set(["team/app"]), line);
    }
  });

  test("ask who sees nothing to log in, or to get a token for it, and are empty for who is", async () => {
    access.reload({ rules: [{ allow: ["admin"], to: ["root"], on: ["**"] }] });
    const scope = "registry:catalog:\\*";
    for (const line of lists.map(lineFor)) {
      await expectAnswer(host, line, {
        status: 401,
        code: "UNAUTHORIZED",
        headers: { "www-authenticate": challengeFor(scope) },
      });
      await expectAnswer(host, line, {
        send: { headers: bearer(await tokenFor(host, "root", ["repository:team/app:push"])) },
        status: 401,
        headers: { "www-authenticate": challengeFor(scope, INSUFFICIENT) },
      });
      assert.deepEqual(await namesIn(line, basic("stranger")), new Set(), line);
    }
    access.reload(RULES);
  });

  test("and metrics, which are about all of the registry, are for who may list everything", async () => {
    assert.deepEqual(
      ROUTES.filter(({ needs }) => needs === "everything").map(({ path }) => path),
      ["/metrics"],
    );
    await expectAnswer(host, "GET /metrics", { status: 401, code: "UNAUTHORIZED" });
    await expectAnswer(host, "GET /metrics", {
      send: { headers: basic("ann") },
      status: 403,
      code: "DENIED",
    });
    // They are switched off here.
    await expectAnswer(host, "GET /metrics", {
      send: { headers: basic("root") },
      status: 404,
      code: "ROUTE_UNKNOWN",
    });
  });
});

describe("a mount", () => {
  const mount = (from: string): string =>
    `POST /v2/team/target/blobs/uploads/?mount=${secretLayer.digest}${from}`;

  test("takes only from where its caller may pull, and else is an upload", async () => {
    access.reload({ rules: [...RULES.rules, { allow: ["push"], to: ["stranger"], on: ["team/target"] }] });
    for (const from of ["&from=team/app", "&from=nothing/there", ""])
      await expectAnswer(host, mount(from), { send: { headers: basic("stranger") }, status: 202 });
    await expectAnswer(host, mount("&from=team/app"), { send: { headers: basic("ann") }, status: 201 });
    await expectAnswer(host, mount(""), { send: { headers: basic("ann") }, status: 201 });
    access.reload(RULES);
  });

  test("takes from anywhere for who may pull everything", async () => {
    await expectAnswer(host, mount(""), { send: { headers: basic("root") }, status: 201 });
  });

  test("a token for the target alone takes nothing from elsewhere", async () => {
    const headers = bearer(await tokenFor(host, "ann", ["repository:team/target:pull,push"]));
    await expectAnswer(host, mount("&from=team/app"), { send: { headers }, status: 202 });
  });
});
