import assert from "node:assert/strict";
import { test } from "node:test";
import { RegistryError } from "../errors.ts";
import { originOf, parseAddress } from "./address.ts";

test("a registry on this machine is asked by plain HTTP, every other by TLS", () => {
  for (const [text, origin, path] of [
    ["localhost:5000/team/app:1.0", "http://localhost:5000", "team/app:1.0"],
    ["127.0.0.2", "http://127.0.0.2", ""],
    ["[::1]:5000/", "http://[::1]:5000", ""],
    ["reg.localhost", "http://reg.localhost", ""],
    ["https://localhost:5000", "https://localhost:5000", ""],
    ["registry.example/a/", "https://registry.example", "a"],
    ["127.0.0.1.example", "https://127.0.0.1.example", ""],
    ["localhost.example", "https://localhost.example", ""],
    ["[2001:db8::1]:5000", "https://[2001:db8::1]:5000", ""],
    ["docker.io/library/redis", "https://registry-1.docker.io", "library/redis"],
  ] as const) {
    const address = parseAddress(text);
    assert.deepEqual([originOf(address), address.path], [origin, path], text);
  }
  assert.equal(
    originOf(parseAddress("http://registry.example", { plainHttp: true })),
    "http://registry.example",
  );
  assert.equal(originOf(parseAddress("registry.example", { plainHttp: true })), "http://registry.example");
});

test("plain HTTP to another machine, and what is no address, is refused", () => {
  for (const text of [
    "http://registry.example",
    "",
    "/a",
    "a b",
    "ftp://a",
    "user:pw@host",
    "a:99999999",
    "-a",
  ]) {
    assert.throws(
      () => parseAddress(text),
      (error) => error instanceof RegistryError && error.code === "PARAMETER_INVALID",
      text,
    );
  }
});
