import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Churn } from "./churn.ts";
import { Client, describeClient } from "./client.ts";
import { assertWhole, type Listing, listAmidChurn, oneRevision } from "./listing.ts";
import { tagsAt } from "./log.ts";
import { deleteTag, push, pushAll } from "./pushes.ts";
import { Scene } from "./scene.ts";

const TAGS = 5_000;
/** What the registry gives to clients that do not say how much they want. */
const PAGE = 1_000;
const REPOSITORY = "lists/many";
/** Bytewise order is neither that of the numbers nor that of the letters. */
const STEMS = ["v", "V", "1.", "_", "a-"];
const STABLE = Array.from({ length: TAGS }, (_, n) => `${STEMS[n % STEMS.length]}${n}`).toSorted();
/** Come and go: before, between and behind the others. */
const FLEETING = ["0", "A", "_1x", "a-2.", "zz"].flatMap((stem) =>
  ["a", "b", "c"].map((end) => `${stem}${end}`),
);

describe(`a repository of ${TAGS} tags, while others push and delete`, () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open();
    await pushAll(
      scene,
      STABLE.map((tag) => ({ repository: REPOSITORY, tag })),
    );
  });
  after(async () => await scene[Symbol.asyncDispose]());

  const churn = (): Churn =>
    Churn.start(FLEETING, {
      push: async (tag) => await push(scene, { repository: REPOSITORY, tag }),
      remove: async (tag) => await deleteTag(scene, { repository: REPOSITORY, tag }),
    });

  const listed = async (list: (host: string) => Promise<readonly string[]>): Promise<Listing> =>
    await listAmidChurn({ registry: scene.host, churn }, list);

  /** Read page by page, whole, and exactly what there was when the first page was asked for. */
  const assertOneMoment = async ({ names, pages }: Listing): Promise<void> => {
    assert.equal(pages.length, Math.ceil(names.length / PAGE));
    assertWhole(names, STABLE);
    assert.deepEqual(names, (await tagsAt(scene.host, oneRevision(pages))).get(REPOSITORY));
  };

  describeClient(["skopeo"], () => {
    test("skopeo list-tags lists what there was when it began", async () => {
      const skopeo = new Client("skopeo");
      const listing = await listed(async (host) => {
        const output = await skopeo.run("list-tags", "--tls-verify=false", `docker://${host}/${REPOSITORY}`);
        return (JSON.parse(output) as { Tags: string[] }).Tags;
      });
      await assertOneMoment(listing);
    });
  });

  describeClient(["podman"], () => {
    test("podman search lists as many of its tags as it is asked for", async () => {
      const storage = ["--root", scene.folder.at("storage"), "--runroot", scene.folder.at("run")];
      const podman = new Client("podman", { leading: [...storage, "--storage-driver=vfs"] });
      const options = ["--tls-verify=false", "--list-tags", "--limit=4900"];
      const { names, pages } = await listed(async (host) => {
        const [, ...rows] = lines(await podman.run("search", ...options, `${host}/${REPOSITORY}`));
        return rows.map((row) => row.split(/\s+/)[1] ?? "");
      });
      const all = (await tagsAt(scene.host, oneRevision(pages))).get(REPOSITORY);
      assert.deepEqual(names, all?.slice(0, 4_900));
    });
  });

  describeClient(["crane"], () => {
    test("crane ls lists what there was when it began", async () => {
      const crane = new Client("crane");
      await assertOneMoment(
        await listed(async (host) => lines(await crane.run("ls", "--insecure", `${host}/${REPOSITORY}`))),
      );
    });
  });

  describeClient(["oras"], () => {
    const oras = new Client("oras");
    const list = async (host: string, ...options: readonly string[]): Promise<string[]> =>
      lines(await oras.run("repo", "tags", "--plain-http", ...options, `${host}/${REPOSITORY}`));

    test("oras repo tags lists what there was when it began", async () => {
      await assertOneMoment(await listed(list));
    });

    test("oras repo tags goes on after a tag that does not exist", async () => {
      const { names } = await listed(async (host) => await list(host, "--last=a-none"));
      const behind = STABLE.filter((tag) => tag > "a-none");
      assert.notEqual(behind.length, 0);
      assertWhole(names, behind);
      assert.ok(names.every((tag) => tag > "a-none"));
    });
  });

  describeClient(["regctl"], () => {
    test("regctl tag ls lists what there was when it began", async () => {
      const listing = await listed(async (host) => {
        const regctl = new Client("regctl", { leading: ["--host", `reg=${host},tls=disabled`] });
        return lines(await regctl.run("tag", "ls", `${host}/${REPOSITORY}`));
      });
      await assertOneMoment(listing);
    });
  });
});

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}
