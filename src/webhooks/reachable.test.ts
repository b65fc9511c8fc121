import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOf, reachOf } from "./reachable.ts";

const NOT_PUBLIC = [
  "127.0.0.1",
  "10.1.2.3",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "::1",
  "::",
  "::ffff:127.0.0.1",
  "::ffff:10.0.0.1",
  "64:ff9b::a00:1",
  "fc00::1",
  "fe80::1",
  "ff02::1",
];

test("addresses that are not public are not reached, however they are written", () => {
  const reach = reachOf([]);
  assert.deepEqual(NOT_PUBLIC.filter(reach), []);
  assert.ok(["1.1.1.1", "2606:4700:4700::1111"].every(reach));
});

test("networks that are allowed are reached, and their neighbours are not", () => {
  const reach = reachOf(["10.1.0.0/16", "127.0.0.1", "fd00::/8"]);
  assert.ok(["10.1.2.3", "127.0.0.1", "::ffff:127.0.0.1", "fd12::1"].every(reach));
  assert.deepEqual(["10.2.0.1", "127.0.0.2", "fc00::1"].filter(reach), []);
});

test("a name is where it leads to", async () => {
  await assert.rejects(addressesOf("localhost", reachOf([])), { code: "PARAMETER_INVALID" });
  const [{ address }] = await addressesOf("localhost", reachOf(["127.0.0.0/8", "::1"]));
  assert.match(address, /^(127\.|::1$)/);
  await assert.rejects(addressesOf("[::1]", reachOf([])), { code: "PARAMETER_INVALID" });
});
