import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ListKind } from "../catalog/items.ts";
import { RegistryError } from "../errors.ts";
import { parseName } from "../oci/name.ts";
import { PARAMETERS } from "./selector-parameters.ts";
import { ORDERS, readMoment, readOrder, readSelector, SELECTOR_PARAMETERS } from "./selector.ts";

const NOW = new Date("2026-08-15T12:00:00Z");
const WEEK_AGO = new Date("2026-08-08T12:00:00Z");
const HEX = "0123456789abcdef".repeat(4);
const KINDS: readonly ListKind[] = ["repositories", "tags", "manifests", "namespaces"];

/** What is read from parameters as they stand in a URL. */
function read(query: string, kind: ListKind = "manifests"): unknown {
  return readSelector(new URLSearchParams(query), kind, { now: NOW });
}

/** Each as [list, query, what it means]. */
const RIGHT: readonly (readonly [ListKind, string, object])[] = [
  ["manifests", "", {}],
  ["namespaces", "under=team/app", { under: "team/app" }],
  ["tags", "under=//team/app//", { under: "team/app" }],
  ["repositories", "under=", {}],
  ["repositories", "under=/", {}],
  ["repositories", "depth=1", { depth: 1 }],
  ["repositories", "depth=128", { depth: 128 }],
  ["tags", "repository=team/app", { repository: "team/app" }],
  ["repositories", "name=team-*/ap?.x_y", { name: "team-*/ap?.x_y" }],
  ["tags", "tag=*V1.?_-", { tag: "*V1.?_-" }],
  ["tags", `digest=sha256:${HEX}`, { digest: `sha256:${HEX}` }],
  ["tags", "digest=sha256:a", { digest: "sha256:a" }],
  ["tags", `digest=sha512:${HEX}${HEX}`, { digest: `sha512:${HEX}${HEX}` }],
  ["tags", "digest=blake3:Xy", { digest: "blake3:Xy" }],
  ["tags", "artifactType=application/x%2Bjson", { artifactType: "application/x+json" }],
  ["tags", "mediaType=application/x+json", { mediaType: "application/x+json" }],
  ["tags", "class=chart", { classes: ["chart"] }],
  ["tags", "class=index,image,index", { classes: ["index", "image"] }],
  ["tags", "platform=linux/arm64", { platforms: ["linux/arm64"] }],
  [
    "tags",
    "platform=linux/arm64/v8&tag=x&platform=windows/amd64",
    { platforms: ["linux/arm64/v8", "windows/amd64"], tag: "x" },
  ],
  [
    "manifests",
    "annotation=a&annotation=b=&annotation=c=d=e&annotation=a",
    { annotations: [{ key: "a" }, { key: "b", value: "" }, { key: "c", value: "d=e" }, { key: "a" }] },
  ],
  [
    "manifests",
    "label=team=infra&label=ü= x ",
    {
      labels: [
        { key: "team", value: "infra" },
        { key: "ü", value: " x " },
      ],
    },
  ],
  [
    "manifests",
    `label=${"k".repeat(255)}=${"v".repeat(1024)}`,
    { labels: [{ key: "k".repeat(255), value: "v".repeat(1024) }] },
  ],
  ["manifests", `subject=sha256:${HEX}`, { subject: `sha256:${HEX}` }],
  ["manifests", "tagged=false", { tagged: false }],
  ["manifests", "tagged=true", { tagged: true }],
  ["repositories", "empty=true", { empty: true }],
  ["tags", "createdSince=7d", { createdSince: WEEK_AGO }],
  ["tags", "createdBefore=2026-08-08T12:00:00Z", { createdBefore: WEEK_AGO }],
  ["tags", "updatedSince=2026-08-08T14:00:00+02:00", { updatedSince: WEEK_AGO }],
  ["repositories", "updatedBefore=1w", { updatedBefore: WEEK_AGO }],
];

for (const [kind, query, expected] of RIGHT) {
  test(`${kind} take ${query.slice(0, 80) || "no parameter"}`, () => {
    assert.deepEqual(read(query, kind), expected);
  });
}

/** Wrong values of each parameter, as in a URL, separated by spaces. */
const WRONG: Readonly<Record<string, string>> = {
  under: `Team a//b a/* ../a a/. ${"a".repeat(256)} %00 é`,
  depth: " 0 129 -1 1.5 x 1e1 %201 0x1",
  repository: ` Team /a a/ a/* ${"a".repeat(256)}`,
  name: ` Team [ab] a%25 ${"a".repeat(256)} {a,b} %00 é a%0A`,
  tag: ` a/b v1,v2 [ab] ${"a".repeat(256)} %00 é`,
  digest: ` sha256 sha256: ab12 sha256:AB sha256:${HEX}0 sha512:${HEX}${HEX}0 sha256:g x:${"a".repeat(254)} x:é`,
  artifactType: ` ${"a".repeat(256)} a%00b a%0Ab`,
  mediaType: ` ${"a".repeat(256)} a%00b`,
  class: " Image image, ,image picture image,picture constructor",
  platform: " linux linux/ linux/arm64/v8/x /amd64 lin%20ux/amd64",
  annotation: ` =b ${"k".repeat(256)} ${"é".repeat(128)} k=${"v".repeat(1025)} k=${"é".repeat(513)} k%00 k=%00`,
  label: ` =b ${"k".repeat(256)} k=${"v".repeat(1025)} k=%00`,
  subject: ` sha256:ab latest sha256:${HEX.toUpperCase()}`,
  tagged: " yes 1 True false,true",
  empty: " no 0 FALSE",
  createdSince: " yesterday 7 7y -7d 2026-02-30T00:00:00Z",
  createdBefore: " 12",
  updatedSince: " now",
  updatedBefore: " never",
};

test("there are wrong values of every parameter, and every parameter is of some list", () => {
  assert.deepEqual(Object.keys(WRONG).toSorted(), Object.keys(PARAMETERS).toSorted());
  assert.deepEqual(new Set(Object.values(SELECTOR_PARAMETERS).flat()), new Set(Object.keys(PARAMETERS)));
});

for (const [parameter, values] of Object.entries(WRONG)) {
  const kind = KINDS.find((one) => SELECTOR_PARAMETERS[one].includes(parameter)) ?? "tags";
  for (const value of values.split(" ")) {
    test(`${parameter} is refused as ${value.slice(0, 40) || "an empty text"}`, () => {
      assert.throws(
        () => read(`${parameter}=${value}`, kind),
        (error) => {
          assert.ok(error instanceof RegistryError);
          const { form, allowed } = PARAMETERS[parameter] ?? {};
          assert.equal(error.code, "PARAMETER_INVALID");
          assert.deepEqual(error.detail, { parameter, ...(allowed && { allowed }) });
          assert.ok(error.message.startsWith(`${parameter} is "`), error.message);
          assert.ok(error.message.endsWith(`; it must be ${form}.`), error.message);
          return true;
        },
      );
    });
  }
}

test("a text that is half a character is no value", () => {
  for (const parameter of ["label", "annotation", "artifactType", "name", "under"]) {
    assert.throws(() => readSelector([[parameter, "a\ud800"]], "manifests"), { code: "PARAMETER_INVALID" });
  }
});

test("each list takes its parameters and no others", () => {
  const times = "createdSince createdBefore updatedSince updatedBefore";
  const ofTags = `under depth repository name tag digest artifactType mediaType class platform annotation label subject`;
  const expected = {
    repositories: `under depth repository name empty ${times}`,
    tags: `${ofTags} ${times}`,
    manifests: `${ofTags} tagged ${times}`,
    namespaces: "under",
  };
  for (const kind of KINDS) {
    assert.deepEqual(SELECTOR_PARAMETERS[kind], expected[kind].split(" "));
    for (const parameter of [...Object.keys(PARAMETERS), "constructor", "__proto__", "", "Under"]) {
      if (SELECTOR_PARAMETERS[kind].includes(parameter)) continue;
      assert.throws(() => readSelector([[parameter, "a"]], kind), {
        code: "PARAMETER_INVALID",
        message: new RegExp(`A list of ${kind} has no parameter "${parameter}"; it has under`),
        detail: { parameter, allowed: SELECTOR_PARAMETERS[kind] },
      });
    }
  }
});

test("parameters that the caller reads are passed over, and named where another is unknown", () => {
  const besides = ["n", "orderBy"];
  assert.deepEqual(
    readSelector(
      [
        ["n", "5"],
        ["under", "a"],
        ["n", "x"],
      ],
      "tags",
      { besides },
    ),
    { under: "a" },
  );
  assert.throws(() => readSelector([["last", "a"]], "namespaces", { besides }), {
    message: /it has under, n and orderBy\.$/,
    detail: { parameter: "last", allowed: ["under", "n", "orderBy"] },
  });
});

test("a list of one repository takes no parameter that chooses repositories", () => {
  const of = parseName("team/app");
  assert.deepEqual(readSelector([["tag", "v*"]], "tags", { of }), { tag: "v*" });
  const allowed = SELECTOR_PARAMETERS.tags.slice(4);
  for (const parameter of ["under", "depth", "repository", "name"]) {
    assert.throws(() => readSelector([[parameter, "1"]], "tags", { of }), {
      message: `A list of team/app has no parameter "${parameter}"; it has ${allowed.slice(0, -1).join(", ")} and ${allowed.at(-1)}.`,
      detail: { parameter, allowed },
    });
  }
});

test("a parameter that has one value is refused when it is given twice, even if empty or the same", () => {
  for (const [name, { mayRepeat, lists }] of Object.entries(PARAMETERS)) {
    if (mayRepeat === true) continue;
    const right = RIGHT.find(([, query]) => query.startsWith(`${name}=`));
    const kind = lists.find((one) => one === right?.[0]);
    assert.ok(right && kind, name);
    assert.throws(() => read(`${right[1]}&${right[1]}`, kind), {
      code: "PARAMETER_INVALID",
      message: `${name} is given more than once; give it once, as nothing can be both.`,
      detail: { parameter: name },
    });
  }
});

test("there can be 32 filters and no more", () => {
  const labels = Array.from({ length: 31 }, (_, at) => `label=k${at}`).join("&");
  assert.equal(Object.keys(read(`tag=x&${labels}`) as object).length, 2);
  assert.throws(() => read(`tag=x&${labels}&platform=linux/amd64`), {
    message: /more than 32 filters/,
    detail: { parameter: "platform" },
  });
});

test("any parameters are read, or refused with one short line that names the parameter", () => {
  const name = fc.oneof(fc.constantFrom(...Object.keys(PARAMETERS)), fc.string({ unit: "binary" }));
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("x".repeat(100_000), "-a".repeat(50_000), "/".repeat(50_000), "a=".repeat(50_000)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, text)), fc.constantFrom(...KINDS), (params, kind) => {
      try {
        readSelector(params, kind);
      } catch (error) {
        assert.ok(error instanceof RegistryError, String(error));
        assert.ok(error.message.length < 700 && !/\p{C}/u.test(error.message), error.message);
        const { parameter } = error.detail as { parameter: string };
        assert.ok(params.some(([one]) => one.startsWith(parameter)));
      }
    }),
    { numRuns: 1000 },
  );
});

test("names ascend and all else descends, unless an order is given", () => {
  assert.deepEqual(readOrder("tags", undefined, undefined), { by: "name", descending: false });
  for (const kind of KINDS) {
    for (const by of ORDERS[kind]) {
      assert.deepEqual(readOrder(kind, by, undefined), { by, descending: by !== "name" });
      assert.deepEqual(readOrder(kind, by, "asc"), { by, descending: false });
      assert.deepEqual(readOrder(kind, by, "desc"), { by, descending: true });
    }
  }
});

test("an order that a list does not have is refused with those it has", () => {
  const times = ["name", "created", "updated"];
  assert.deepEqual(ORDERS, {
    repositories: [...times, "size", "pulled"],
    tags: [...times, "size", "imageSize", "pulled", "semver"],
    manifests: [...times, "size", "imageSize", "pulled"],
    namespaces: times,
  });
  const lacking = {
    repositories: "imageSize semver",
    tags: "",
    manifests: "semver",
    namespaces: "size pulled",
  };
  for (const kind of KINDS) {
    for (const by of [...lacking[kind].split(" "), "Name", "toString"]) {
      const allowed = ORDERS[kind];
      assert.throws(() => readOrder(kind, by, "asc"), {
        code: "PARAMETER_INVALID",
        message: `orderBy is "${by}"; it must be one of ${allowed.join(", ")}.`,
        detail: { parameter: "orderBy", allowed },
      });
    }
  }
  for (const order of ["", "ASC", "up"]) {
    assert.throws(() => readOrder("tags", "name", order), {
      message: `order is "${order}"; it must be one of asc, desc.`,
      detail: { parameter: "order", allowed: ["asc", "desc"] },
    });
  }
});

test("a moment is a revision, a time or an age", () => {
  const options = { parameter: "at", now: NOW };
  assert.deepEqual(readMoment("0", options), { revision: 0 });
  assert.deepEqual(readMoment("0000000000004711", options), { revision: 4711 });
  assert.deepEqual(readMoment("9007199254740991", options), { revision: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(readMoment("7d", options), { time: WEEK_AGO });
  assert.deepEqual(readMoment("2026-08-08T12:00:00Z", options), { time: WEEK_AGO });
  for (const text of ["", "-1", "1.5", "9007199254740992", "00000000000000001", "last week", "1e3"]) {
    assert.throws(() => readMoment(text, { parameter: "since" }), {
      code: "PARAMETER_INVALID",
      message: /^since is ".*"; it must be a revision, a time such as .* or 2w\.$/,
      detail: { parameter: "since" },
    });
  }
});
