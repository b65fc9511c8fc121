import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import pino from "pino";
import { HIDDEN, Secret } from "./secret.ts";
import { readAddress, readBaseUrl, readDuration, readOrigins, readPostgresUrl, readSize } from "./values.ts";

test("a duration is a whole number with one unit", () => {
  assert.deepEqual(
    ["0s", "90s", "30m", "24h", "7d"].map(readDuration),
    [0, 90_000, 1_800_000, 86_400_000, 604_800_000],
  );
  for (const wrong of ["", "7", "7 d", "1.5h", "-1s", "7D", "1h30m", "7w", "1234567d"])
    assert.equal(readDuration(wrong), undefined, wrong);
});

test("a size is bytes, or a whole number with a binary unit", () => {
  assert.deepEqual(["0", "512", "512B", "4KiB", "8MiB", "1TiB"].map(readSize), [
    0,
    512,
    512,
    4096,
    2 ** 23,
    2 ** 40,
  ]);
  for (const wrong of ["", "8MB", "8M", "-1", "1.5MiB", "8 MiB", "9999999TiB"])
    assert.equal(readSize(wrong), undefined, wrong);
});

test("an address is a host and a port, an IPv6 host in brackets", () => {
  assert.deepEqual(readAddress("127.0.0.1:0"), { host: "127.0.0.1", port: 0 });
  assert.deepEqual(readAddress("[::1]:5000"), { host: "::1", port: 5000 });
  assert.deepEqual(readAddress("registry.example:65535"), { host: "registry.example", port: 65_535 });
  for (const wrong of [
    "",
    "5000",
    ":5000",
    "host",
    "host:",
    "host:65536",
    "::1:5000",
    "[host]:5000",
    "a b:1",
    "http://a:1",
  ])
    assert.equal(readAddress(wrong), undefined, wrong);
});

test("a URL of the registry has neither path, query nor user, and loses its slash", () => {
  assert.equal(readBaseUrl("https://registry.example:8443/"), "https://registry.example:8443");
  for (const wrong of [
    "registry.example",
    "ftp://a",
    "https://a/b",
    "https://a?b",
    "https://u@a",
    "https://a#b",
  ])
    assert.equal(readBaseUrl(wrong), undefined, wrong);
});

test("origins are separated by commas; one that is wrong spoils the list", () => {
  assert.deepEqual(readOrigins("*"), ["*"]);
  assert.deepEqual(readOrigins("https://a.example, http://b:8080"), ["https://a.example", "http://b:8080"]);
  assert.equal(readOrigins("https://a.example,b"), undefined);
});

test("whatever the password of a database, no text form of its URL has it", () => {
  // Long enough not to be in the rest of the URL by chance.
  const passwords = fc.string({ minLength: 8, unit: "binary" }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(passwords, fc.boolean(), (password, isParameter) => {
      const encoded = encodeURIComponent(password);
      const url = isParameter ? `postgres://h/d?password=${encoded}` : `postgres://u:${encoded}@h:5432/d`;
      const secret = readPostgresUrl(url);
      assert.equal(secret?.reveal(), url);
      for (const shown of textsOf(secret)) {
        assert.ok(!shown.includes(encoded), shown);
        assert.ok(shown.includes("//u:«hidden»@h:5432/d") || shown.includes("//h/d"), shown);
      }
    }),
  );
});

test("a password that was not percent-encoded is refused instead of being shown as a host or a database", () => {
  for (const password of ["12/34@56", "12#34", "12?34", "1/2#3", "12?x=3"])
    assert.equal(readPostgresUrl(`postgres://u:${password}@h/d`), undefined, password);
  for (const wrong of ["", "h/d", "mysql://h/d", "postgres://h:99999/d"])
    assert.equal(readPostgresUrl(wrong), undefined, wrong);
});

test("a secret shows itself nowhere", () => {
  for (const shown of textsOf(new Secret("swordfish"))) {
    assert.ok(!shown.includes("swordfish"), shown);
    assert.ok(shown.includes(HIDDEN), shown);
  }
});

/** Every way a value may be turned into text, by accident or for a log. */
function textsOf(secret: Secret | undefined): string[] {
  const lines: string[] = [];
  pino({}, { write: (line) => lines.push(line) }).info({ secret, deep: { secret } }, `${secret?.toString()}`);
  return [
    `${secret?.toString()}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
    new Error(String(secret)).message,
    ...lines,
  ];
}
