import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { digestOf, digestParts, parseAlgorithm, parseDigest, supportedAlgorithm } from "./digest.ts";

const HEX_64 = "0123456789abcdef".repeat(4);
const EMPTY_OBJECT = new TextEncoder().encode("{}");

test("a digest reads back as it was written, and comes apart at its first colon", () => {
  const wellFormed = fc.stringMatching(/^[a-z0-9]{1,8}([+._-][a-z0-9]{1,8}){0,3}:[a-zA-Z0-9=_-]{1,100}$/);
  fc.assert(
    fc.property(wellFormed, (text) => {
      fc.pre(!/^sha(256|512):/.test(text));
      const { algorithm, encoded } = digestParts(parseDigest(text));
      assert.equal(`${algorithm}:${encoded}`, text);
      assert.ok(!algorithm.includes(":"));
    }),
  );
});

test("the digest of any bytes is a digest that the registry can verify", () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.constantFrom("sha256" as const, "sha512" as const),
      (bytes, algorithm) => {
        const digest = digestOf(bytes, algorithm);
        assert.equal(parseDigest(digest), digest);
        assert.equal(supportedAlgorithm(digest), algorithm);
      },
    ),
  );
});

test("digests are those that image-spec and the whole world compute", () => {
  assert.equal(
    digestOf(EMPTY_OBJECT),
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  );
  assert.equal(
    digestOf(EMPTY_OBJECT, "sha512"),
    "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9" +
      "a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd",
  );
});

test("a digest of an algorithm that nobody here knows is a digest, but not one to verify", () => {
  for (const text of [
    "blake3:abc",
    "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
    "a.b_c-d:E=",
    "md5:0",
  ]) {
    assert.equal(supportedAlgorithm(parseDigest(text)), undefined, text);
  }
  assert.equal(parseDigest(`a:${"b".repeat(253)}`).length, 255);
});

for (const [name, text] of [
  ["no colon", "sha256"],
  ["two colons", `sha256:${HEX_64}:`],
  ["no algorithm", `:${HEX_64}`],
  ["nothing encoded", "blake3:"],
  ["an upper-case algorithm", "SHA256:abc"],
  ["two separators in a row", "sha256++b64:abc"],
  ["a separator at the end", "sha256+:abc"],
  ["too few digits", `sha256:${HEX_64.slice(1)}`],
  ["too many digits", `sha256:${HEX_64}0`],
  ["upper-case digits", `sha256:${HEX_64.toUpperCase()}`],
  ["digits that are none", `sha256:g${HEX_64.slice(1)}`],
  ["the wrong length for sha512", `sha512:${HEX_64}`],
  ["a capital letter at the start", "Blake3:abc"],
  ["a character that is not of its encoding", "blake3:abc/d"],
  ["a line break at the end", "blake3:abc\n"],
  ["a way out of a folder", "sha256:../../etc/passwd"],
  ["a full-width letter", "sha256:ａ"],
  ["256 characters", `a:${"b".repeat(254)}`],
] as const) {
  test(`a digest with ${name} is refused`, () => {
    assert.throws(() => parseDigest(text), { name: "RegistryError", code: "DIGEST_INVALID" });
  });
}

test("an algorithm that cannot be computed is refused with those that can", () => {
  assert.equal(parseAlgorithm("sha512"), "sha512");
  for (const text of ["blake3", "SHA256", "", "__proto__", "toString"]) {
    assert.throws(
      () => parseAlgorithm(text),
      (error) =>
        error instanceof RegistryError &&
        error.code === "DIGEST_INVALID" &&
        error.message.includes("sha256 and sha512"),
      text,
    );
  }
});
