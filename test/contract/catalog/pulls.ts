import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Catalog, Revision } from "../../../src/catalog/catalog.ts";
import type { Items, ListKind } from "../../../src/catalog/items.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { parseName, type RepositoryName } from "../../../src/oci/name.ts";
import { openNew, type NewPlace } from "./place.ts";
import { readLog } from "./reading.ts";
import { APP, manifest, ORIGIN, OTHER, push, V1, V2 } from "./samples.ts";

const [A, B] = [manifest("a"), manifest("b")];
const [EARLY, LATE, LATER] = [new Date(3_600_000), new Date(7_200_000), new Date(10_800_000)];

export function describePulls(newPlace: NewPlace): void {
  describe("a pull that is noted", () => {
    test("shows on the manifest, its tags and its repository, makes no event, and never goes back", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await push(catalog, { content: A, tags: [V1, V2] });
      await push(catalog, { content: B });
      await push(catalog, { repository: OTHER, content: A });
      const log = await readLog(catalog);
      await catalog.notePulls([pullOf(A.digest, LATE)]);
      await catalog.notePulls([pullOf(A.digest, EARLY), pullOf(manifest("none").digest, LATER)]);
      const manifests = Object.fromEntries(await pulled(catalog, "manifests"));
      assert.deepEqual(manifests, {
        [`${APP}@${A.digest}`]: LATE,
        [`${APP}@${B.digest}`]: undefined,
        [`${OTHER}@${A.digest}`]: undefined,
      });
      assert.deepEqual(await pulled(catalog, "tags"), [
        [`${APP}:v1`, LATE],
        [`${APP}:v2`, LATE],
      ]);
      assert.deepEqual(await pulled(catalog, "repositories"), [
        [APP, LATE],
        [OTHER, undefined],
      ]);
      assert.deepEqual(await readLog(catalog), log);
    });

    test("is kept by what changes later, and orders lists, the never pulled as the oldest", async () => {
      await using opened = await openNew(newPlace);
      const { catalog } = opened;
      await push(catalog, { content: A });
      await push(catalog, { content: B, tags: [V2] });
      await push(catalog, { content: manifest("c") });
      await catalog.notePulls([pullOf(A.digest, EARLY), pullOf(B.digest, LATE)]);
      const before = (await catalog.bounds()).revision;
      await catalog.write(APP, ORIGIN, (tx) => tx.setTag(V1, A.digest));
      await catalog.write(APP, ORIGIN, (tx) => tx.setTag(V2, A.digest));
      assert.deepEqual(await pulled(catalog, "tags"), [
        [`${APP}:v1`, EARLY],
        [`${APP}:v2`, EARLY],
      ]);
      assert.deepEqual(await pulled(catalog, "tags", before), [[`${APP}:v2`, LATE]]);
      assert.deepEqual(await pulled(catalog, "repositories"), [[APP, LATE]]);
      for (const at of [undefined, before]) {
        const order = { by: "pulled", descending: true } as const;
        const { items } = await catalog.list("manifests", { selector: {}, order, limit: 10, at });
        assert.deepEqual(
          items.map(({ digest }) => digest),
          [B.digest, A.digest, manifest("c").digest],
        );
      }
    });

    test("is lost by no write that happens at the same time, and holds up none", async () => {
      await using opened = await openNew(newPlace, { nodes: "all" });
      const { nodes, catalog } = opened;
      const repositories = Array.from({ length: 12 }, (_, n) => parseName(`r${n}`));
      for (const repository of repositories) await push(catalog, { repository, content: A, tags: [V1] });
      await Promise.all(
        nodes.flatMap((node, n) => [
          ...repositories.map((repository) =>
            push(node, { repository, content: manifest(`${n}`), tags: [V1, V2] }),
          ),
          node.notePulls(repositories.map((repository) => pullOf(A.digest, EARLY, repository)).toReversed()),
          node.notePulls(repositories.map((repository) => pullOf(A.digest, LATE, repository))),
          ...repositories.map((repository) =>
            node.write(repository, ORIGIN, (tx) => tx.setTag(V2, A.digest)),
          ),
        ]),
      );
      assert.deepEqual(
        await pulled(catalog, "repositories"),
        repositories.toSorted().map((repository) => [repository, LATE]),
      );
    });
  });
}

function pullOf(
  digest: Digest,
  time: Date,
  repository = APP,
): { repository: RepositoryName; digest: Digest; time: Date } {
  return { repository, digest, time };
}

/** When the items of a list were pulled, by name. */
async function pulled(
  catalog: Catalog,
  kind: ListKind,
  at?: Revision,
): Promise<[string, Date | undefined][]> {
  const order = { by: "name", descending: false } as const;
  const { items } = await catalog.list(kind, { selector: {}, order, limit: 100, at });
  return items.map((item) => [nameOf(item), pulledOf(item)]);
}

function pulledOf(item: Items[ListKind]): Date | undefined {
  if (!("pulled" in item) || item.pulled === undefined) return undefined;
  return new Date(item.pulled);
}

function nameOf(item: Items[ListKind]): string {
  if ("path" in item) return item.path;
  if (!("repository" in item)) return item.name;
  return "name" in item ? `${item.repository}:${item.name}` : `${item.repository}@${item.digest}`;
}
