import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KeptPlaces } from "./kept-places.ts";

describe("kept places", () => {
  const making = <T>(make: () => Promise<T>, entries = 1, still = true) => ({
    make,
    entries: () => entries,
    isStill: async () => still,
  });

  test("are made once for all who ask while they are being made, and after", async () => {
    const places = new KeptPlaces();
    const { promise, resolve } = Promise.withResolvers<string>();
    let made = 0;
    const make = (): Promise<string> => {
      made += 1;
      return promise;
    };
    const asked = [1, 2, 3].map(() => places.of("a", making(make)));
    resolve("sorted");
    assert.deepEqual(await Promise.all(asked), ["sorted", "sorted", "sorted"]);
    assert.equal(await places.of("a", making(make)), "sorted");
    assert.equal(places.find("a"), "sorted");
    assert.equal(made, 1);
  });

  test("are made anew by who waited for one that failed, or that a write made old", async () => {
    const places = new KeptPlaces();
    const failing = places.of(
      "a",
      making(async () => {
        throw new Error("The connection is gone.");
      }),
    );
    const waiting = places.of(
      "a",
      making(async () => "old", 1, false),
    );
    const last = places.of(
      "a",
      making(async () => "new"),
    );
    await assert.rejects(failing, /connection is gone/);
    assert.equal(await waiting, "old");
    assert.equal(await last, "new");
    assert.equal(places.find("a"), "new");
  });

  test("go when there is no room, those first that were not asked for the longest", async () => {
    const places = new KeptPlaces();
    const third = KeptPlaces.ENTRIES_MAX / 3;
    for (const key of ["a", "b"])
      await places.of(
        key,
        making(async () => key, third),
      );
    assert.equal(places.find("a"), "a");
    await places.of(
      "c",
      making(async () => "c", third),
    );
    assert.deepEqual(
      ["a", "b", "c"].map((key) => places.find(key)),
      ["a", undefined, "c"],
    );
    await places.of(
      "d",
      making(async () => "d", KeptPlaces.ENTRIES_MAX),
    );
    assert.equal(places.find("d"), undefined);
  });

  test("take the room of what was kept under their key before, and no more", () => {
    const places = new KeptPlaces();
    places.keep("other", "other");
    const half = KeptPlaces.ENTRIES_MAX / 2;
    for (const value of ["first", "second", "third"]) places.keep("key", value, half);
    assert.deepEqual([places.find("other"), places.find("key")], ["other", "third"]);
  });
});
