import assert from "node:assert/strict";
import { test } from "node:test";
import { RegistryError } from "../errors.ts";
import { Authorization } from "./authorization.ts";
import { Exchange } from "./exchange.ts";

const challenged = (registry: string, realm: string): boolean => {
  const headers = new Headers({ "WWW-Authenticate": `Bearer realm="${realm}"` });
  const answer = { url: new URL(registry), status: 401, headers, bytes: new Uint8Array() };
  const authorization = new Authorization(new Exchange({ concurrency: 1 }), {
    username: "ann",
    password: "geheim",
  });
  return authorization.learn(answer, { scope: "", sent: undefined });
};

test("a registry that is asked by TLS cannot send a password anywhere without", () => {
  assert.ok(challenged("https://registry.example", "https://auth.example/token"));
  assert.ok(challenged("https://registry.example", "/token"));
  assert.ok(challenged("http://localhost:5000", "http://localhost:5001/token"));
  assert.ok(challenged("https://registry.example", "http://localhost:5001/token"));
  for (const realm of ["http://auth.example/token", "ftp://auth.example", "http://[", "file:///etc"]) {
    assert.throws(
      () => challenged("https://registry.example", realm),
      (error) =>
        error instanceof RegistryError &&
        error.code === "UNAUTHORIZED" &&
        error.message.includes("no password"),
      realm,
    );
  }
});

test("a challenge that nobody here can meet is not met", () => {
  const headers = new Headers({ "WWW-Authenticate": "Negotiate" });
  const answer = { url: new URL("https://a"), status: 401, headers, bytes: new Uint8Array() };
  const authorization = new Authorization(new Exchange({ concurrency: 1 }), undefined);
  assert.equal(authorization.learn(answer, { scope: "", sent: undefined }), false);
});
