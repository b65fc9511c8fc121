import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fillCatalog } from "../../../src/catalog/bulk.ts";
import { openCatalog } from "../../../src/catalog/sql-catalog.ts";
import { parseName } from "../../../src/oci/name.ts";
import { parseTag } from "../../../src/oci/tag.ts";
import { openNew, type NewPlace } from "./place.ts";
import { manifest, ORIGIN, push, V1 } from "./samples.ts";
import { BY_NAME, idOf, nameOf } from "./search-model.ts";

/** Tags that begin with `rc-17`, what was set last first. */
const RC_17X = [179, 178, 177, 176, 175, 174, 173, 172, 171].map((n) => `rc-${n}`);

/** Holds search to what it promises of registries in which it does not look at everything. */
export function describeSearchAmongMany(newPlace: NewPlace): void {
  describe("search among very much", () => {
    test("finds what is rare among very many texts, and of what is everywhere the best and the newest", async () => {
      await using place = await newPlace();
      const engine = await place.openEngine();
      const names = Array.from({ length: 3_000 }, (_, n) => `x/many-${n}`);
      const repositories = ["x/old-needle-1", "x/1.2.3", "many", ...names].map((name, n) => ({
        name: parseName(name),
        time: new Date(n),
        manifests: [{ content: manifest("c") }],
        tags: [],
      }));
      const tags = Array.from({ length: 400 }, (_, n) => ({
        name: parseTag(`rc-${n}`),
        digest: manifest("c").digest,
      }));
      const tagged = ["y/one", "y/two"].map((name) => ({
        name: parseName(name),
        time: new Date(repositories.length),
        manifests: [{ content: manifest("c") }],
        tags,
      }));
      await fillCatalog(engine, [...repositories, ...tagged], ORIGIN);
      await using catalog = await openCatalog(engine);
      const find = async (...words: string[]): Promise<string[]> =>
        (await catalog.search({ words, selector: {}, limit: 2_000 })).items.map(nameOf);
      assert.deepEqual(await find("eedle"), ["x/old-needle-1"]);
      assert.deepEqual(await find("many", "2999"), ["x/many-2999"]);
      assert.deepEqual(await find("2.3"), ["x/1.2.3"]);
      assert.deepEqual(await find("ne_dle"), []);
      const everywhere = await find("many");
      assert.deepEqual(everywhere.slice(0, 3), ["many", "x/many-2999", "x/many-2998"]);
      assert.equal(everywhere.length, 1_001);
      const selector = { repository: parseName("y/one") };
      const { items } = await catalog.search({ words: ["rc-17"], selector, limit: 10 });
      assert.deepEqual(items.map(idOf), ["tag y/one rc-17", ...RC_17X.map((tag) => `tag y/one ${tag}`)]);
    });

    test("finds a tag by its repository's name and its own, among very many of either", async () => {
      await using place = await newPlace();
      const engine = await place.openEngine();
      const { digest } = manifest("c");
      const tags = Array.from({ length: 300 }, (_, n) => ({ name: parseTag(`1.${n}`), digest }));
      const names = Array.from({ length: 1_200 }, (_, n) => `team/app-${n}`);
      const repositories = ["team/app", ...names].map((name, n) => ({
        name: parseName(name),
        time: new Date(n),
        manifests: [{ content: manifest("c") }],
        tags: n < 3 ? tags : tags.slice(0, 2),
      }));
      await fillCatalog(engine, repositories, ORIGIN);
      await using catalog = await openCatalog(engine);
      for (const tag of ["1.1", "1.2", "1.299"]) {
        const named = await catalog.search({ words: ["team/app", tag], selector: {}, limit: 1 });
        assert.deepEqual(named.items.map(idOf), [`tag team/app ${tag}`]);
        const { items } = await catalog.search({ words: ["team/app"], selector: { digest }, limit: 1 });
        assert.deepEqual(items.map(idOf), [`tag team/app 1.299`]);
      }
    });

    test("finds nothing rather than a part when it takes too long, and says what to do", async () => {
      await using opened = await openNew(newPlace, { searchMs: -1 });
      const { catalog } = opened;
      await push(catalog, { content: manifest("c"), tags: [V1] });
      for (const query of [
        { words: ["v"], selector: {} },
        { words: [], selector: { tag: "v*" } },
      ]) {
        await assert.rejects(catalog.search({ ...query, limit: 1 }), {
          code: "UNAVAILABLE",
          message:
            /^The search takes longer than -0\.001 seconds\. Give longer words, or say where to look by under:/,
          detail: { parameter: "q" },
        });
        assert.deepEqual((await catalog.search({ ...query, limit: 0 })).items, []);
      }
      assert.equal((await catalog.list("tags", { selector: {}, order: BY_NAME, limit: 1 })).items.length, 1);
    });
  });
}
