import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RegistryError } from "../errors.ts";
import { digestOf } from "../oci/digest.ts";
import { readQuery, SEARCH_BYTES_MAX, SEARCH_TERMS_MAX } from "./search-query.ts";

const NOW = new Date("2026-08-08T12:00:00Z");
const WEEK_AGO = new Date("2026-08-01T12:00:00Z");
const NEW_YEAR = new Date("2026-01-01T00:00:00Z");

/** A word that is no qualifier when it is quoted. */
const quoted = (word: string): string => `"${word.replaceAll(/[\\"]/g, "\\$&")}"`;

const anyWord = fc
  .string({ unit: "binary", minLength: 1, maxLength: 20 })
  .filter((word) => !/[\p{Cc}\p{Cs}A-Z]/u.test(word));

function failure(q: string): RegistryError {
  try {
    readQuery(q, NOW);
  } catch (error) {
    assert.ok(error instanceof RegistryError, String(error));
    return error;
  }
  return assert.fail(`${q} was read`);
}

describe("a search query", () => {
  test("has words and qualifiers, in any order", () => {
    const q = "Redis platform:linux/arm64 label:team=infra type:chart updated:<7d untagged 7.2";
    assert.deepEqual(readQuery(q, NOW), {
      words: ["redis", "7.2"],
      selector: {
        platforms: ["linux/arm64"],
        labels: [{ key: "team", value: "infra" }],
        classes: ["chart"],
        updatedSince: WEEK_AGO,
        tagged: false,
      },
    });
  });

  test("takes an age for younger or older, and a time for before or after", () => {
    const times = [
      ["created:<7d", { createdSince: WEEK_AGO }],
      ["created:>7d", { createdBefore: WEEK_AGO }],
      ["updated:<2026-01-01", { updatedBefore: NEW_YEAR }],
      ["updated:>=2026-01-01T00:00:00Z", { updatedSince: NEW_YEAR }],
      [
        "created:>2026-01-01 created:<2026-08-01T12:00:00Z",
        { createdSince: NEW_YEAR, createdBefore: WEEK_AGO },
      ],
    ] as const;
    for (const [q, selector] of times) assert.deepEqual(readQuery(q, NOW), { words: [], selector }, q);
  });

  test("makes words of what is quoted, and of what only looks like a qualifier", () => {
    assert.deepEqual(readQuery(`"empty" "type:chart" 10.0.0.1:5000 "a \\"b\\" \\\\"`, NOW), {
      words: ["empty", "type:chart", "10.0.0.1:5000", `a "b" \\`],
      selector: {},
    });
    assert.deepEqual(readQuery(`label:team="a b"`, NOW).selector, {
      labels: [{ key: "team", value: "a b" }],
    });
  });

  test("takes the beginning of a digest for what it is", () => {
    assert.deepEqual(readQuery("sha256:ab12", NOW), { words: [], selector: { digest: "sha256:ab12" } });
    const digest = digestOf(Buffer.from("x"));
    assert.deepEqual(readQuery(`subject:${digest}`, NOW), { words: [], selector: { subject: digest } });
  });

  test("makes a name, a tag and a digest of a reference that was pasted, with or without a host", () => {
    const digest = digestOf(Buffer.from("x"));
    const pasted = [
      ["redis:7.2", ["redis", "7.2"]],
      ["constructor:x", ["constructor", "x"]],
      ["team/redis:Latest", ["team/redis", "latest"]],
      ["localhost:5000/team/redis:v1", ["team/redis", "v1"]],
      ["127.0.0.1/redis:untagged", ["redis", "untagged"]],
      ["[::1]:5000/redis", ["redis"]],
      ["docker.io/library/redis", ["library/redis"]],
      ["docker://registry.example.com/a/b:c", ["a/b", "c"]],
      ["docker://a/b", ["a/b"]],
      [`team/redis@${digest}`, ["team/redis"], digest],
      [`ghcr.io/team/redis:7@${digest}`, ["team/redis"], digest],
    ] as const;
    for (const [q, words, of] of pasted) {
      assert.deepEqual(readQuery(q, NOW), { words, selector: of === undefined ? {} : { digest: of } }, q);
    }
    const words = ["team.x/redis", "registry.example.com:5000", "localhost/"];
    for (const q of words) assert.deepEqual(readQuery(q, NOW), { words: [q], selector: {} }, q);
    assert.deepEqual(readQuery(`"redis:7.2"`, NOW).words, ["redis:7.2"]);
  });

  test("takes no qualifier for a repository, however it is written", () => {
    assert.match(failure("TAG:v1").message, /no qualifier "TAG"/);
    assert.match(failure("Type:chart").message, /no qualifier "Type"/);
    const many = Array.from({ length: SEARCH_TERMS_MAX / 2 + 1 }, (_, n) => `a:${n}`).join(" ");
    assert.match(failure(many).message, /has 18 words .* may have 16/);
  });

  test("that is wrong is refused with the part that is, and what it may be", () => {
    const wrong = [
      ["", /q is empty/],
      [' \t""', /q is empty/],
      [
        "foo:bar=x",
        /"foo:bar=x", but there is no qualifier "foo"; there are under, .*, updated\. To find it as a word/,
      ],
      ["constructor:x=", /no qualifier "constructor"/],
      ["platform:arm64", /platform is "arm64"; it must be os\/architecture/],
      ["type:helm", /type is "helm"; it must be one or more of image, /],
      ["updated:7d", /updated is "7d"; it must be < or > and a time/],
      ["updated:<yesterday", /updated is "<yesterday"; it must be/],
      ["tag:a tag:b", /"tag:b" after it has said another/],
      ["tagged untagged", /"untagged" after it has said another/],
      ["type:chart class:image", /"class:image" after it has said another/],
      [`redis "a b`, /a quote that does not end, at "\\"a b"/],
      ["a\0b", /control characters/],
      [Array.from({ length: SEARCH_TERMS_MAX + 1 }, (_, n) => n).join(" "), /has 17 words .* may have 16/],
      ["x".repeat(SEARCH_BYTES_MAX + 1), /has 8193 bytes; it may have 8192/],
    ] as const;
    for (const [q, message] of wrong) {
      const error = failure(q);
      assert.equal(error.code, "PARAMETER_INVALID");
      assert.match(error.message, message);
      assert.equal((error.detail as { parameter: string }).parameter, "q");
    }
  });

  test("of quoted words gives these words, whatever is in them", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyWord, { minLength: 1, maxLength: SEARCH_TERMS_MAX }), (words) => {
        assert.deepEqual(readQuery(words.map(quoted).join(" "), NOW), { words, selector: {} });
      }),
    );
  });

  test("whatever it is, is read or refused as a wrong parameter", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom(
        '"',
        ":",
        "\\",
        "type:",
        "updated:<",
        "sha256:",
        " ",
        "label:=",
        "platform:",
        "depth:0",
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        try {
          const { words } = readQuery(parts.join(""), NOW);
          assert.ok(words.length <= SEARCH_TERMS_MAX && !words.includes(""));
        } catch (error) {
          assert.ok(error instanceof RegistryError && error.code === "PARAMETER_INVALID", String(error));
          assert.ok(error.message.length < 1_000);
        }
      }),
    );
  });
});
