import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOf } from "./network.ts";

test("an address of IPv4, or whatever else it may be, is counted as it is", () => {
  for (const address of ["192.0.2.7", "", "unknown"]) assert.equal(networkOf(address), address);
});

test("an address of IPv6 is counted with all others of its network, however it is written", () => {
  const same = [
    "2001:db8:0:a::1",
    "2001:0DB8:0000:000A:0:0:0:2",
    "2001:db8::a:9:9:9:9",
    "2001:db8:0:a::%eth0",
  ];
  for (const address of same) assert.equal(networkOf(address), "2001:db8:0:a::/64", address);
  assert.equal(networkOf("2001:db8:0:b::1"), "2001:db8:0:b::/64");
  assert.equal(networkOf("::1"), "0:0:0:0::/64");
  assert.equal(networkOf("1:2:3:4:5:6:192.0.2.7"), "1:2:3:4::/64");
  assert.equal(networkOf("64:ff9b::192.0.2.7"), "64:ff9b:0:0::/64");
});
