import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Accounts, Robot } from "../../src/access/accounts.ts";

const ROBOT: Robot = {
  name: "ci",
  user: "ann",
  digest: "0".repeat(64),
  on: ["team/**", "library/app"],
  allow: ["list", "pull"],
  created: new Date(1_000),
  expires: new Date(2_000),
};

/** What whoever keeps accounts has to keep of its promise (`src/access/accounts.ts`). Both open the same, empty place. */
export function describeAccounts(
  name: string,
  open: () => Promise<{ one: Accounts; other: Accounts } & AsyncDisposable>,
): void {
  describe(`accounts on ${name}`, () => {
    test("are what was put there last, for everybody who has them open", async () => {
      await using place = await open();
      const { one, other } = place;
      assert.equal(await one.findUser("ann"), undefined);
      await one.putUser("ann", "hash");
      const before = await other.findUser("ann");
      assert.deepEqual([before?.name, before?.hash], ["ann", "hash"]);
      await other.putUser("ann", "another");
      const after = await one.findUser("ann");
      assert.equal(after?.hash, "another");
      assert.ok(after.changed >= before!.changed && after.changed <= new Date());
    });

    test("are told apart by their bytes, and listed by them", async () => {
      await using place = await open();
      for (const user of ["b", "a", "A", "a.b", "ä"]) await place.one.putUser(user, user);
      assert.deepEqual(
        (await place.other.listUsers()).map((user) => user.name),
        ["A", "a", "a.b", "b", "ä"],
      );
      assert.equal(await place.other.findUser("B"), undefined);
    });

    test("go with all their robots", async () => {
      await using place = await open();
      const { one, other } = place;
      await one.putUser("ann", "hash");
      assert.ok(await one.addRobot(ROBOT));
      assert.ok(await one.addRobot({ ...ROBOT, user: "bob", expires: undefined }));
      assert.deepEqual(await other.findRobot("ann", "ci"), ROBOT);
      assert.ok(await other.removeUser("ann"));
      assert.equal(await one.removeUser("ann"), false);
      assert.equal(await one.findRobot("ann", "ci"), undefined);
      const { expires: _, ...rest } = ROBOT;
      assert.deepEqual(await one.listRobots(), [{ ...rest, user: "bob" }]);
    });

    test("have each robot once, until it is removed", async () => {
      await using place = await open();
      const { one, other } = place;
      assert.ok(await one.addRobot(ROBOT));
      assert.equal(await other.addRobot({ ...ROBOT, digest: "1".repeat(64) }), false);
      assert.deepEqual(await other.listRobots(), [ROBOT]);
      assert.ok(await other.removeRobot("ann", "ci"));
      assert.equal(await one.removeRobot("ann", "ci"), false);
    });
  });
}
