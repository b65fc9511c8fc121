import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatLink, parseLink } from "./link.ts";

const urls = (header: string) => parseLink(header).map(({ url, rel }) => [url, rel]);

describe("the Link we send", () => {
  test("is the one that every client can follow", () => {
    assert.equal(
      formatLink("/v2/_catalog", { last: "team/app", n: 1000 }),
      '</v2/_catalog?last=team%2Fapp&n=1000>; rel="next"',
    );
    assert.equal(
      formatLink("/v2/team/app/tags/list", { last: "1.9", n: 2 }),
      '</v2/team/app/tags/list?last=1.9&n=2>; rel="next"',
    );
  });

  test("has no empty parameters and no lonely question mark", () => {
    assert.equal(formatLink("/v2/_catalog", { last: "", n: 0 }), '</v2/_catalog?n=0>; rel="next"');
    assert.equal(formatLink("/v2/_catalog", {}), '</v2/_catalog>; rel="next"');
  });

  test("is read back whole, with whatever is in its path and query, by a parser and by URL alike", () => {
    const text = fc.string({ unit: "binary", minLength: 1 });
    const path = fc
      .array(fc.string({ unit: fc.constantFrom(...'a0:;,?#% ü"<>'.split("")), minLength: 1 }), {
        minLength: 1,
      })
      .map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(path, fc.dictionary(text, text), (target, query) => {
        const header = formatLink(target, query);
        assert.match(header, /^<\/[^\s;,<>"\\]*>; rel="next"$/);
        const [link, ...others] = parseLink(header);
        assert.deepEqual(others, []);
        assert.deepEqual([link?.rel, link?.params], ["next", { rel: "next" }]);
        const url = new URL(link?.url ?? "", "http://registry.example");
        assert.equal(decodeURIComponent(url.pathname), target);
        assert.deepEqual([...url.searchParams], Object.entries(query));
      }),
    );
  });

  test("has exactly one equals sign for each parameter", () => {
    assert.equal(formatLink("/v2/x", { "a=b": "c==", d: "&" }), '</v2/x?a%3Db=c%3D%3D&d=%26>; rel="next"');
  });

  test("can be made of any text, halves of surrogate pairs included", () => {
    assert.equal(
      formatLink("/\ud800", { "\udfff": "\ud800" }),
      '</%EF%BF%BD?%EF%BF%BD=%EF%BF%BD>; rel="next"',
    );
  });
});

describe("the Links that others send", () => {
  for (const [name, header, expected] of [
    [
      "an absolute URL",
      '<https://r.example/v2/_catalog?n=1&last=a>; rel="next"',
      [["https://r.example/v2/_catalog?n=1&last=a", "next"]],
    ],
    ["no quotes", "</v2/a>; rel=next", [["/v2/a", "next"]]],
    ["no relation", "</v2/a>", [["/v2/a", undefined]]],
    ["spaces and tabs everywhere", ' </v2/a> ;\trel = "next" , ', [["/v2/a", "next"]]],
    ["capital letters", '</v2/a>; REL="Next"', [["/v2/a", "next"]]],
    [
      "two links",
      '</a>; rel="prev", </b>; rel="next"',
      [
        ["/a", "prev"],
        ["/b", "next"],
      ],
    ],
    ["separators inside the URL", '</a,b;c>; rel="next"', [["/a,b;c", "next"]]],
    ["a title with separators", '</a>; title="x, <y>; \\"z"; rel="next"', [["/a", "next"]]],
    ["a relation that comes twice", '</a>; rel="next"; rel="last"', [["/a", "next"]]],
    ["several relations in one", '</a>; rel="next last"', [["/a", "next last"]]],
    [
      "no angle brackets",
      "https://r.example/v2/_catalog?n=1; rel=next",
      [["https://r.example/v2/_catalog?n=1", "next"]],
    ],
    ["an empty URL", '<>; rel="next"', [["", "next"]]],
    ["empty elements", ", ,</a>;rel=next,,", [["/a", "next"]]],
    ["an empty parameter", '</a>;; rel="next"', [["/a", "next"]]],
    ["a parameter without a value", '</a>; nofollow; rel="next"', [["/a", "next"]]],
    ["a URL that never ends", '</a>; rel=prev, </b; rel="next"', [["/a", "prev"]]],
    ["nothing in it", "", []],
  ] as const) {
    test(`are read with ${name}`, () => assert.deepEqual(urls(header), expected));
  }

  test("come with all their parameters, unescaped, the first of a name", () => {
    const [link] = parseLink(String.raw`</a>; Title="a \"b\" \\"; x=1; x=2; y;; __proto__=z; rel=next`);
    assert.deepEqual(Object.entries(link?.params ?? {}), [
      ["title", String.raw`a "b" \ `.trim()],
      ["x", "1"],
      ["y", ""],
      ["__proto__", "z"],
      ["rel", "next"],
    ]);
  });

  test("end where they cannot be read, without an error and without going round in circles", () => {
    const piece = fc.constantFrom("<", ">", ";", ",", '"', "=", "\\", " ", "a", "rel", "next", "/", "\n");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const header = pieces.join("");
        assert.ok(parseLink(header).length <= header.length);
      }),
      { numRuns: 2000 },
    );
  });
});
