import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Churn } from "./churn.ts";
import { Client, describeClient } from "./client.ts";
import { assertWhole, type Listing, listAmidChurn, oneRevision } from "./listing.ts";
import { tagsAt } from "./log.ts";
import { emptyRepository, push, pushAll } from "./pushes.ts";
import { Scene } from "./scene.ts";

const REPOSITORIES = 3_000;
/** What the registry gives to clients that do not say how much they want. */
const PAGE = 1_000;
/** Around the separators, where bytewise order is not that of paths, nor that of words. */
const STEMS = ["0/app", "team/app", "team/app-", "team-a/app_", "team.b/x/app", "team0/app"];
const STABLE = Array.from({ length: REPOSITORIES }, (_, n) => `${STEMS[n % STEMS.length]}${n}`).toSorted();
/** Come and go: before, between and behind the others. */
const FLEETING = ["0", "team-a/app_1x", "team/app", "team.b/x", "zz"].flatMap((stem) =>
  ["a", "b", "c"].map((end) => `${stem}${end}`),
);

describe(`a registry of ${REPOSITORIES} repositories, while others push and delete`, () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open();
    await pushAll(
      scene,
      STABLE.map((repository) => ({ repository, tag: "1.0" })),
    );
  });
  after(async () => await scene[Symbol.asyncDispose]());

  const churn = (): Churn =>
    Churn.start(FLEETING, {
      push: async (repository) => await push(scene, { repository, tag: "1.0" }),
      remove: async (repository) => await emptyRepository(scene, repository),
    });

  const listed = async (
    list: (host: string) => Promise<readonly string[]>,
    options: { withhold?: RegExp } = {},
  ): Promise<Listing> => await listAmidChurn({ registry: scene.host, churn, ...options }, list);

  /** Whole, and exactly what there was when the first page was asked for. */
  const assertOneMoment = async ({ names, pages }: Listing): Promise<void> => {
    assertWhole(names, STABLE);
    assert.deepEqual(names, [...(await tagsAt(scene.host, oneRevision(pages))).keys()].toSorted());
  };

  describeClient(["crane"], () => {
    test("crane catalog lists what there was when it began", async () => {
      const crane = new Client("crane");
      const listing = await listed(async (host) => lines(await crane.run("catalog", "--insecure", host)));
      assert.equal(listing.pages.length, Math.ceil(listing.names.length / PAGE));
      await assertOneMoment(listing);
    });
  });

  describeClient(["oras"], () => {
    const oras = new Client("oras");

    test("oras repo ls lists what there was when it began", async () => {
      const listing = await listed(async (host) => lines(await oras.run("repo", "ls", "--plain-http", host)));
      assert.equal(listing.pages.length, Math.ceil(listing.names.length / PAGE));
      await assertOneMoment(listing);
    });

    test("oras repo ls goes on after a repository that does not exist", async () => {
      const last = "team-a/app_none";
      const { names } = await listed(async (host) =>
        lines(await oras.run("repo", "ls", "--plain-http", `--last=${last}`, host)),
      );
      const behind = STABLE.filter((name) => name > last);
      assert.notEqual(behind.length, 0);
      assertWhole(names, behind);
      assert.ok(names.every((name) => name > last));
    });
  });

  describeClient(["regctl"], () => {
    const list = async (host: string, ...options: readonly string[]): Promise<string[]> => {
      const regctl = new Client("regctl", { leading: ["--host", `reg=${host},tls=disabled`] });
      return lines(await regctl.run("repo", "ls", ...options, host));
    };

    // It takes no notice of links: who wants more has to ask for more, or for what comes after the last name.
    test("regctl repo ls makes one request, and lists as much as the registry gives unasked", async () => {
      const { names, pages } = await listed(list);
      assert.equal(pages.length, 1);
      const all = [...(await tagsAt(scene.host, oneRevision(pages))).keys()].toSorted();
      assert.deepEqual(names, all.slice(0, PAGE));
    });

    test("regctl repo ls lists everything when it is asked for as much", async () => {
      const listing = await listed(async (host) => await list(host, "--limit=9000"));
      assert.equal(listing.pages.length, 1);
      await assertOneMoment(listing);
    });

    test("regctl repo ls misses nothing when it is called again and again with the last name", async () => {
      const { names } = await listed(async (host) => {
        const seen: string[] = [];
        for (
          let page = await list(host);
          page.length > 0;
          page = await list(host, "--last", seen.at(-1) ?? "")
        )
          seen.push(...page);
        return seen;
      });
      assertWhole(names, STABLE);
    });
  });

  describeClient(["podman"], () => {
    const search = async (host: string, term: string): Promise<string[]> => {
      const storage = ["--root", scene.folder.at("storage"), "--runroot", scene.folder.at("run")];
      const podman = new Client("podman", { leading: [...storage, "--storage-driver=vfs"] });
      const options = ["--tls-verify=false", "--no-trunc", "--limit=9000", "--format={{.Name}}"];
      const found = lines(await podman.run("search", ...options, `${host}/${term}`));
      return found.map((name) => name.replace(`${host}/`, ""));
    };

    test("podman search without a term lists what there was when it began", async () => {
      const listing = await listed(async (host) => await search(host, ""));
      assert.equal(listing.pages.length, Math.ceil(listing.names.length / PAGE));
      await assertOneMoment(listing);
    });

    // Few enough for one page of the registry's search, of which podman asks for no second.
    const term = "b/x/app11";
    const matching = STABLE.filter((name) => name.includes(term));

    test("podman search lets the registry search, and finds each repository once", async () => {
      const { names, pages } = await listed(async (host) => await search(host, term));
      assert.ok(pages.every(({ url }) => url.startsWith("/v1/search")));
      assert.equal(pages.length, 1);
      // The best come first, so the order is not that of names.
      assert.deepEqual(names.toSorted(), matching);
    });

    test("podman search finds by the catalog where the registry offers no search", async () => {
      const { names, pages } = await listed(async (host) => await search(host, term), {
        withhold: /^\/v1\//,
      });
      assert.ok(pages.every(({ url }) => url.startsWith("/v2/_catalog")));
      const all = await tagsAt(scene.host, oneRevision(pages));
      assert.equal(pages.length, Math.ceil(all.size / PAGE));
      assert.deepEqual(names, matching);
    });
  });
});

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}
