import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PARAMETERS } from "../../src/registry/selector-parameters.ts";
import { CHOOSE_REPOSITORIES, SELECTOR_PARAMETERS } from "../../src/registry/selector.ts";
import { expectAnswer, jsonOf } from "../support/exchange.ts";
import type { TestRegistry } from "../support/registry.ts";
import { openWithTwo } from "../support/two-repositories.ts";

const HEX = "a".repeat(64);
const CONTROL = "a\0b";
const FOREIGN = "Ä b";
const long = (length: number): string => "a".repeat(length);

const PATTERN = [long(256), CONTROL, FOREIGN, "a[b]", "a\\*", "a b"];
const TIME = [
  "soon",
  "-1d",
  "7",
  "7x",
  "2026-13-01",
  "2026-02-30T00:00:00Z",
  "1e3d",
  CONTROL,
  FOREIGN,
  `${long(300)}d`,
];
const TRUTH = ["yes", "1", "TRUE", "true,false", " true", CONTROL, FOREIGN];
const TYPE = [long(256), CONTROL, "a\nb", "a\u007fb"];
const PAIR = ["=", "=value", `${long(256)}=v`, `k=${long(1_025)}`, CONTROL, "k=a\0b", `${"Ä".repeat(128)}=v`];

/** Values that are wrong, each in another way, by the parameter. One that has no row fails. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  under: ["A", "a//b", "a/./b", "..", "a_/b", "*", long(256), CONTROL, FOREIGN],
  depth: ["0", "-1", "1.5", "129", "1000", "one", " 1", CONTROL, FOREIGN],
  repository: ["A", "a/", "/a", "a//b", "a*", "a:b", long(256), CONTROL, FOREIGN],
  name: [...PATTERN, "A*", "a:b"],
  tag: [...PATTERN, "a/b", "a:b"],
  digest: [HEX, "sha256:", "sha256:g", `sha256:${HEX}a`, "SHA256:ab", `x:${long(300)}`, CONTROL, FOREIGN],
  artifactType: TYPE,
  mediaType: TYPE,
  class: ["Image", "image;chart", "image,", ",", "image,none", CONTROL, FOREIGN],
  platform: ["linux", "linux/", "/amd64", "a/b/c/d", "linux//v8", `linux/${long(300)}`, CONTROL, FOREIGN],
  annotation: PAIR,
  label: PAIR,
  subject: [HEX, "sha256:ab", `sha256:${HEX.toUpperCase()}`, `sha256:${HEX}a`, CONTROL, FOREIGN],
  tagged: TRUTH,
  empty: TRUTH,
  createdSince: TIME,
  createdBefore: TIME,
  updatedSince: TIME,
  updatedBefore: TIME,
};

/** A value that is right, for parameters that are not to be given twice. */
const RIGHT: Readonly<Record<string, string>> = {
  depth: "1",
  class: "image",
  digest: "sha256:ab",
  subject: `sha256:${HEX}`,
  tagged: "true",
  empty: "true",
  createdSince: "1d",
  createdBefore: "1d",
  updatedSince: "1d",
  updatedBefore: "1d",
};

const KINDS = ["repositories", "tags", "manifests", "namespaces"] as const;
const LISTS = [
  { path: "/v2/_supercargo/search", takes: SELECTOR_PARAMETERS.search },
  ...KINDS.map((kind) => ({ path: `/v2/_supercargo/${kind}`, takes: SELECTOR_PARAMETERS[kind] })),
  ...(["tags", "manifests"] as const).map((kind) => ({
    path: `/v2/team/app/_supercargo/${kind}`,
    takes: SELECTOR_PARAMETERS[kind].filter((name) => !CHOOSE_REPOSITORIES.includes(name)),
  })),
];

type Failure = { message: string; detail: { parameter: string; allowed?: string[] } };

let registry: TestRegistry;
before(async () => {
  registry = await openWithTwo();
});
after(() => registry[Symbol.asyncDispose]());

const refuse = async (target: string, parameter: string): Promise<Failure> => {
  const answer = await expectAnswer(registry.host, `GET ${target}`, {
    status: 400,
    code: "PARAMETER_INVALID",
  });
  const [failure] = (jsonOf(answer) as { errors: Failure[] }).errors;
  assert.ok(failure);
  assert.equal(failure.detail.parameter, parameter, target);
  assert.ok(failure.message.includes(parameter), `${target}: ${failure.message}`);
  return failure;
};

describe("parameters of lists", () => {
  test("are all in this table", () => {
    assert.deepEqual(Object.keys(WRONG), Object.keys(PARAMETERS));
  });

  for (const { path, takes } of LISTS) {
    test(`of ${path} are refused by name, with what they may be, when their value is wrong`, async () => {
      for (const name of takes) {
        for (const value of WRONG[name] ?? []) {
          const { message, detail } = await refuse(`${path}?${name}=${encodeURIComponent(value)}`, name);
          assert.ok(message.includes(PARAMETERS[name]?.form ?? "?"), message);
          assert.deepEqual(detail.allowed, PARAMETERS[name]?.allowed, message);
        }
        // What is no UTF-8 becomes the sign for that, which is right in a text that may have anything in it.
        const isText = ["artifactType", "mediaType", "annotation", "label"].includes(name);
        if (!isText) await refuse(`${path}?${name}=%ff%fe`, name);
        const right = RIGHT[name] ?? "a";
        const mayRepeat = PARAMETERS[name]?.mayRepeat === true;
        if (!mayRepeat) await refuse(`${path}?${name}=${right}&${name}=${right}`, name);
      }
    });

    test(`of ${path} that are not there are refused with those that are`, async () => {
      const others = Object.keys(PARAMETERS).filter((name) => !takes.includes(name));
      for (const name of [...others, "colour", "Under", "under%20", "__proto__", "constructor"]) {
        const { detail, message } = await refuse(`${path}?${name}=a`, decodeURIComponent(name));
        assert.deepEqual(detail.allowed?.slice(0, takes.length), takes);
        assert.equal(message.split(" and ").length, 2, message);
        assert.equal(message.includes("include"), !/manifests|namespaces|search/.test(path), message);
      }
    });
  }

  test("of paths that have few are refused in the same words", async () => {
    for (const [path, allowed] of [
      ["/v2/team/app/_supercargo/tags/v1/history?", ["n", "continue"]],
      ["/v2/_supercargo/openapi.json?", []],
    ] as const) {
      const { detail, message } = await refuse(`${path}colour=a`, "colour");
      assert.deepEqual(detail.allowed, allowed);
      const [last] = allowed.slice(-1);
      if (last !== undefined)
        assert.match(message, new RegExp(`${allowed.slice(0, -1).join(", ")} and ${last}\\.$`));
    }
  });

  test("are too many above 32 filters", async () => {
    const labels = Array.from({ length: 33 }, (_, n) => `label=k${n}`);
    await refuse(`/v2/_supercargo/tags?${labels.join("&")}`, "label");
    await expectAnswer(registry.host, `GET /v2/_supercargo/tags?${labels.slice(1).join("&")}`, {
      status: 200,
    });
  });
});
