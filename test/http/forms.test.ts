import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { manifestOf, pushManifest } from "../support/artifact.ts";
import { followed, fill } from "../support/forms.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

/** As distribution-spec issue 22 has it: two pages, of which `postfixadmin` ends the first. */
const LIBRARY_FIRST = `adminer aerospike alpine alt amazoncorretto amazonlinux arangodb backdrop bash bonita
  buildpack-deps busybox cassandra centos chronograf cirros clearlinux clefos clojure composer consul convertigo
  couchbase couchdb crate crux debian docker drupal eclipse-mosquitto eggdrop elasticsearch elixir erlang euleros
  express-gateway fedora flink fsharp gazebo gcc geonetwork ghost golang gradle groovy haproxy haskell haxe hello-seattle
  hello-world hola-mundo httpd hylang ibmjava influxdb irssi jetty joomla jruby julia kaazing-gateway kapacitor kibana
  known kong lightstreamer logstash mageia mariadb matomo maven mediawiki memcached mongo mongo-express mono mysql nats
  nats-streaming neo4j neurodebian nextcloud nginx node notary nuxeo odoo openjdk open-liberty opensuse oraclelinux
  orientdb percona perl photon php php-zendserver plone postfixadmin`.split(/\s+/);
const LIBRARY_SECOND =
  `postgres pypy python rabbitmq rakudo-star rapidoid r-base redis redmine registry rethinkdb
  rocket.chat ros ruby rust sentry silverpeas sl solr sonarqube sourcemage spiped storm swarm swift swipl teamspeak
  telegraf thrift tomcat tomee traefik ubuntu vault websphere-liberty wordpress xwiki yourls znc zookeeper`.split(
    /\s+/,
  );

const registry = await TestRegistry.open();
after(() => registry[Symbol.asyncDispose]());
const { host } = registry;

const deleteRepository = (name: string): Promise<unknown> =>
  expectAnswer(host, `DELETE /v2/${name}/_supercargo/repository`, { status: 202 });

/** Pages of a crawl behind which something is pushed and deleted. */
const CHANGES_PER_CRAWL = 2;

describe("repositories/list", () => {
  test("the library of the issue comes in the two pages that the issue shows", async () => {
    await using library = await TestRegistry.open();
    await fill(
      library,
      [...LIBRARY_SECOND, ...LIBRARY_FIRST].map((name) => `library/${name}`),
    );
    const revision = (await library.catalog.bounds()).revision;
    const first = "/v2/library/repositories/list?n=100";
    const { headers } = await expectAnswer(library.host, `GET ${first}`, {
      status: 200,
      headers: {
        "content-type": "application/json",
        link: `</v2/library/repositories/list?last=postfixadmin&n=100&at=${revision}>; rel="next"`,
      },
      json: { name: "library", repositories: LIBRARY_FIRST.toSorted() },
    });
    for (const next of [`${first}&last=postfixadmin`, String(headers["link"]).slice(1, -13)])
      await expectAnswer(library.host, `GET ${next}`, {
        status: 200,
        headers: { link: undefined },
        json: { name: "library", repositories: LIBRARY_SECOND.toSorted() },
      });
    const json = { name: "", repositories: ["library"] };
    await expectAnswer(library.host, "GET /v2/repositories/list?n=100", { status: 200, json });
  });

  test("the immediate children of a namespace are listed once, be they repositories, namespaces or both", async () => {
    await fill(registry, ["kin/a/b/c", "kin/a/d", "kin/b", "kin/b/x", "kin-x/y", "kin.z", "kin"]);
    for (const place of ["repositories/list", "_list"]) {
      const lists = {
        kin: ["a", "b"],
        "kin/a": ["b", "d"],
        "kin/a/b": ["c"],
        "kin/a/b/c": [],
        "kin/b": ["x"],
      };
      for (const [name, repositories] of Object.entries(lists))
        await expectAnswer(host, `GET /v2/${name}/${place}`, { status: 200, json: { name, repositories } });
      const { bytes } = await expectAnswer(host, `GET /v2/${place}`, { status: 200 });
      const { name, repositories } = JSON.parse(bytes.toString()) as { name: string; repositories: string[] };
      assert.equal(name, "");
      assert.deepEqual(
        repositories.filter((child) => child.startsWith("kin")),
        ["kin", "kin-x", "kin.z"],
      );
    }
  });

  test("a namespace in which nothing can be pulled is in no list, and has an empty one", async () => {
    await fill(registry, ["void/full", "void/deep/empty"]);
    await expectAnswer(host, `DELETE /v2/void/deep/empty/manifests/${manifestOf().digest}`, { status: 202 });
    const json = { name: "void", repositories: ["full"] };
    await expectAnswer(host, "GET /v2/void/repositories/list", { status: 200, json });
    for (const name of ["void/deep", "void/nothing", "voi"])
      await expectAnswer(host, `GET /v2/${name}/repositories/list`, {
        status: 200,
        json: { name, repositories: [] },
      });
  });

  test("last is a child's name, which need not exist; n=0 is an empty page; a large n is clamped", async () => {
    await fill(registry, ["turn/a", "turn/b/c", "turn/d"]);
    for (const [query, repositories] of [
      ["", ["a", "b", "d"]],
      ["?last=a", ["b", "d"]],
      ["?last=aa", ["b", "d"]],
      ["?last=b/c", ["d"]],
      ["?last=z", []],
      ["?n=0", []],
      ["?n=3", ["a", "b", "d"]],
      ["?n=99999&registrySpecific=foo", ["a", "b", "d"]],
      ["?order=desc", ["d", "b", "a"]],
      ["?order=desc&last=c", ["b", "a"]],
    ] as const)
      await expectAnswer(host, `GET /v2/turn/repositories/list${query}`, {
        status: 200,
        headers: { link: undefined },
        json: { name: "turn", repositories },
      });
  });

  test("the children made last come first by createdDate, on pages that agree", async () => {
    await fill(registry, ["made/c", "made/a", "made/b/x", "made/d"]);
    const path = "/v2/made/repositories/list?n=1&orderBy=createdDate";
    let round = 0;
    const changes = async (): Promise<void> => fill(registry, [`made/e${round++}`, "made/b/y"]);
    for (const [query, expected] of [
      ["&order=desc", ["d", "b", "a", "c"]],
      ["&order=asc&registrySpecific=foo", ["c", "a", "b", "d"]],
    ] as const) {
      const { revision } = await registry.catalog.bounds();
      assert.deepEqual(await followed(host, `${path}${query}`, changes), expected);
      const past = await followed(host, `${path}${query}&at=${revision}`);
      assert.deepEqual(past, expected);
      for (let at = 0; at < round; at++) await deleteRepository(`made/e${at}`);
      round = 0;
    }
    const [newest] = await followed(host, "/v2/made/repositories/list?orderBy=updated");
    assert.equal(newest, "b");
    const { headers } = await expectAnswer(host, `GET ${path}`, { status: 200 });
    const withoutAt = String(headers["link"])
      .slice(1, -13)
      .replace(/&at=\d+/, "");
    for (const child of ["x", "y"]) await deleteRepository(`made/b/${child}`);
    const json = { name: "made", repositories: ["b"] };
    await expectAnswer(host, `GET ${withoutAt}`, { status: 200, json });
  });
});

describe("all forms", () => {
  const places = [
    "repositories/list",
    "_list",
    "tags/list",
    "tags/_list",
    "descriptors/list",
    "manifests/_list",
  ];
  const paths = [...places, "_oci/repositories"].map((place) => `/v2/crawl/${place}`);

  test("pages that follow a Link agree, whatever is pushed and deleted meanwhile", async () => {
    const names = ["crawl", ...["a", "b", "c/d", "e"].map((child) => `crawl/${child}`)];
    let round = 0;
    await fill(registry, names);
    for (const tag of ["t1", "t2", "t3"]) await pushManifest(host, `crawl:${tag}`, manifestOf({ tag }));
    const loose = [1, 2].map((seed) => manifestOf({ annotations: { seed: String(seed) } }));
    for (const manifest of loose) await pushManifest(host, `crawl@${manifest.digest}`, manifest);
    for (const path of paths) {
      await expectAnswer(host, `GET ${path}`, {
        status: 200,
        headers: { link: undefined },
      });
      const entries = await followed(host, path);
      assert.ok(entries.length >= 4, path);
      const { revision } = await registry.catalog.bounds();
      for (const n of [1, 2, entries.length]) {
        let changes = 0;
        const seen = await followed(host, `${path}?n=${n}&at=${revision}`, async () => {
          // What is new stays, and every crawl is longer than the one before: without a bound they never end.
          if (++changes > CHANGES_PER_CRAWL) return;
          const victim = names[1 + (round++ % 4)] ?? "";
          await deleteRepository(victim);
          await fill(registry, [victim, `crawl/new${round}`]);
          await pushManifest(
            host,
            `crawl:new${round}`,
            manifestOf({ annotations: { round: String(round) } }),
          );
        });
        assert.deepEqual(seen, entries, `${path} n=${n}`);
      }
      assert.notDeepEqual(await followed(host, `${path}?n=2`), entries, `${path} shows nothing new`);
    }
  });

  test("R24: what has not changed is 304, also at a revision when the registry has changed since", async () => {
    await fill(registry, ["same"]);
    const { revision } = await registry.catalog.bounds();
    const lists = [...paths, "/v2/x/_oci/tag-history/v1"].map((path) => path.replace("crawl", "same"));
    const etags = new Map<string, string>();
    for (const path of ["/v2/_catalog", "/v2/_list", ...lists]) {
      const { headers } = await expectAnswer(host, `GET ${path}`, {
        status: 200,
        headers: { etag: `W/"${revision}"`, "supercargo-revision": revision },
      });
      etags.set(path, String(headers.etag));
      const held = { headers: { "If-None-Match": headers.etag } };
      await expectAnswer(host, `GET ${path}`, { send: held, status: 304, bytes: "" });
    }
    await fill(registry, ["other"]);
    for (const [path, etag] of etags) {
      const held = { headers: { "If-None-Match": etag } };
      await expectAnswer(host, `GET ${path}`, { send: held, status: 200 });
      if (path.includes("tag-history")) continue;
      await expectAnswer(host, `GET ${path}?at=${revision}`, { send: held, status: 304 });
      const any = { headers: { "If-None-Match": "*" } };
      const code = "REVISION_UNKNOWN";
      await expectAnswer(host, `GET ${path}?at=99999999`, { send: any, status: 400, code });
    }
  });

  test("at is a revision, a time or an age, and a repository that did not exist then is unknown", async () => {
    const { revision } = await registry.catalog.bounds();
    await fill(registry, ["late"]);
    const json = { name: "late", tags: ["v1"] };
    for (const at of ["", "0s", "2999-01-01T00:00:00Z", "2999-01-01", String(revision + 3)])
      await expectAnswer(host, `GET /v2/late/tags/list?at=${at}`, { status: 200, json });
    for (const place of ["tags/list", "descriptors/list"])
      for (const at of [String(revision), "1d", "2000-01-01"])
        await expectAnswer(host, `GET /v2/late/${place}?at=${at}`, { status: 404, code: "NAME_UNKNOWN" });
    const catalog = await expectAnswer(host, "GET /v2/_catalog?at=1d", { status: 200 });
    assert.deepEqual(jsonOf(catalog), { repositories: [] });
  });

  test("what is wrong in a request is refused with its parameter", async () => {
    await fill(registry, ["crawl", "turn"]);
    for (const path of ["/v2/_catalog", ...paths, "/v2/crawl/_oci/tag-history/v1"]) {
      for (const n of ["-1", "x", "1.5"])
        await expectAnswer(host, `GET ${path}?n=${n}`, { status: 400, code: "PAGINATION_NUMBER_INVALID" });
      if (path.includes("tag-history")) continue;
      for (const at of ["x", "-1", "7y", "2026-02-30"])
        await expectAnswer(host, `GET ${path}?at=${at}`, { status: 400, code: "PARAMETER_INVALID" });
    }
    for (const query of [
      "orderBy=size",
      "order=up",
      "orderBy=created&last=a",
      "orderBy=created&continue=x",
      "continue=x",
      "orderBy=created&order=asc&continue=TOKEN",
    ]) {
      const first = await send(host, "GET /v2/turn/repositories/list?n=1&orderBy=created");
      const token = /continue=([^&>]+)/.exec(String(first.headers["link"]))?.[1] ?? "";
      const path = `/v2/turn/repositories/list?${query.replace("TOKEN", token)}`;
      await expectAnswer(host, `GET ${path}`, { status: 400, code: "PARAMETER_INVALID" });
    }
    for (const path of ["/v2/Crawl/_list", "/v2/Crawl/_oci/repositories", "/v2/Crawl/descriptors/list"])
      await expectAnswer(host, `GET ${path}`, { status: 400, code: "NAME_INVALID" });
  });
});
