import assert from "node:assert/strict";
import fc from "fast-check";
import { digestOf } from "../../src/oci/digest.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { blobOf, descriptorOf, manifestOf } from "./artifact.ts";
import { failureCode, type Received } from "./exchange.ts";

/** A request as bytes on the wire. */
export type RawRequest = {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
};

const { digest } = blobOf("exists");

/** Texts that names, references and parameters should not be, and a few that they should. */
const TEXTS = [
  "fuzz/app",
  "v1",
  digest,
  digestOf(Buffer.from("exists"), "sha512"),
  "sha256:",
  "sha256:../../../etc/passwd",
  "sha512:00",
  "md5:d41d8cd98f00b204e9800998ecf8427e",
  `${digest.slice(0, -1)}G`,
  "..",
  "%2e%2e",
  "%2F",
  "a%2Fb",
  "%00",
  "a%00",
  "%c0%af",
  "%ed%a0%80",
  "%ff%fe",
  "%",
  "%zz",
  "%25%32%46",
  "\u00ff\u00fe",
  "_catalog",
  "__proto__",
  "constructor",
  "0f8fad5b-d9cd-469f-a165-70867728950e",
  "x".repeat(300),
  "x/".repeat(120),
  "-",
  ".",
  "~",
  "*",
  "''--",
  "1 or 1=1",
];

/** Numbers as texts, and texts that are nearly numbers. */
const NUMBERS = [
  "0",
  "1",
  "-1",
  "1e9",
  "9007199254740993",
  "9".repeat(40),
  "0x7f",
  "NaN",
  "٣",
  "+1",
  "1.5",
  "",
];

const text = fc.oneof(fc.constantFrom(...TEXTS), fc.stringMatching(/^[!-~]{0,12}$/));
const parameter = fc.oneof(
  fc
    .tuple(fc.constantFrom("n", "after", "last", "tag", "digest", "mount", "from", "artifactType"), text)
    .map(([name, value]) => `${name}=${value}`),
  fc
    .tuple(fc.constantFrom("n", "after", "last"), fc.constantFrom(...NUMBERS))
    .map(([name, value]) => `${name}=${value}`),
  text,
);

/** What placeholders mostly stand for, so that most requests get past the first look at them. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  "<name>": ["fuzz/app", "fuzz/other"],
  "<reference>": ["v1", digest, manifestOf().digest],
  "<digest>": [digest, manifestOf().digest],
  "<id>": ["0f8fad5b-d9cd-469f-a165-70867728950e"],
};

/** A route whose placeholders are filled in, seldom by what does not belong there. */
const routed = fc
  .constantFrom(...ROUTES)
  .chain(({ method, path }) =>
    fc
      .tuple(...path.split("/").map(segmentFor))
      .map((segments) => ({ method: method as string, path: segments.join("/") })),
  );

function segmentFor(segment: string): fc.Arbitrary<string> {
  const usual = fc.constantFrom(...(USUAL[segment] ?? [segment]));
  return fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: text });
}

const invented = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"),
  path: fc.array(text, { maxLength: 5 }).map((segments) => `/v2/${segments.join("/")}`),
});

/** Headers that mean something, with values that should mean nothing. */
const HEADERS = [
  "Range: bytes=0-0",
  "Range: bytes=5-2",
  `Range: bytes=${"0-1,".repeat(500)}0-1`,
  "Range: bytes=-99999999999999999999",
  "If-Range: \u00ff",
  'If-None-Match: "\u00ff", *, W/',
  "Content-Range: 0-0",
  "Content-Range: 5-1",
  "Content-Range: bytes 0-99999999999999999999/*",
  "Content-Type: \u00e9/\u00e9; =",
  `Content-Type: ${MEDIA_TYPES.ociManifest}`,
  `Content-Type: ${MEDIA_TYPES.ociIndex}`,
  `Content-Type: ${MEDIA_TYPES.dockerSchema1Signed}`,
  "Content-Encoding: gzip",
  "Expect: a-miracle",
  "Expect: 100-continue",
  "Upgrade: websocket\r\nConnection: upgrade",
  "Authorization: Basic Og==",
  "Origin: null",
  "X-Request-Id: ../../x",
  "Host: another\r\nHost: two",
];

/** Headers after which the rest cannot be understood as HTTP. */
const MALFORMED = [
  "Authorization: Bearer \u0000",
  "Transfer-Encoding: x, y",
  "Content-Length: 18446744073709551616",
  "no colon",
  " : ",
  "X: \u0001",
];
const header = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...HEADERS) },
  { weight: 1, arbitrary: fc.constantFrom(...MALFORMED) },
);

const DOCUMENTS = [
  manifestOf({ layers: [descriptorOf(blobOf("exists"))] }).bytes,
  Buffer.from("[".repeat(200_000)),
  Buffer.from(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`),
  Buffer.from('{"schemaVersion":2,"schemaVersion":1}'),
  Buffer.from('{"__proto__":{"mediaType":"x"},"schemaVersion":2,"manifests":[]}'),
  Buffer.from('{"schemaVersion":2,"config":{"size":1e999,"digest":"sha256:0"},"layers":[]}'),
  Buffer.from('{"schemaVersion":2,"manifests":[],"annotations":{"a":"\\u0000","b":"\\ud800"}}'),
  Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
  Buffer.from([0xc0, 0xaf]),
];

const body = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  fc.constantFrom(...DOCUMENTS),
  fc.uint8Array({ maxLength: 64 }),
  fc.json({ maxDepth: 5 }).map((json) => Buffer.from(json)),
  // A manifest with one byte changed: most are still JSON, and nearly what they should be.
  fc.tuple(fc.nat(200), fc.nat(255)).map(([at, byte]) => {
    const bytes = Buffer.from(DOCUMENTS[0] ?? "");
    bytes[at % bytes.byteLength] = byte;
    return bytes;
  }),
);

/** A request that any client might send by mistake or on purpose. */
export const hostileRequest: fc.Arbitrary<RawRequest> = fc
  .record({
    route: fc.oneof({ weight: 5, arbitrary: routed }, { weight: 1, arbitrary: invented }),
    query: fc.array(parameter, { maxLength: 3 }),
    headers: fc.array(header, { maxLength: 3 }),
    body,
  })
  .map(({ route, query, headers, body: content }) => {
    const target = query.length === 0 ? route.path : `${route.path}?${query.join("&")}`;
    return { method: route.method, target: target.replaceAll(/[\s#]/g, "+"), headers, body: content };
  });

/** The bytes of a request that asks for the connection to be closed. */
export function bytesOf({ method, target, headers, body: content }: RawRequest): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, "Host: x", "Connection: close", ...headers];
  const length = `Content-Length: ${content.byteLength}`;
  const isFramed = headers.some((line) => /^(?:transfer-encoding|content-length)/i.test(line));
  const head = `${[...lines, ...(isFramed ? [] : [length])].join("\r\n")}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), content]);
}

/** Reads all that came back on a connection as answers, of which each has to say its length. */
export function answersIn(received: string, isHead: boolean): Received[] {
  return received
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== "" && !part.startsWith("HTTP/1.1 100 "))
    .map((part) => {
      const end = part.indexOf("\r\n\r\n");
      assert.ok(end > 0, `an answer without an end of its headers: ${part.slice(0, 200)}`);
      const [line = "", ...fields] = part.slice(0, end).split("\r\n");
      const pairs = fields.map((field) => [
        field.slice(0, field.indexOf(":")).toLowerCase(),
        field.slice(field.indexOf(":") + 2),
      ]);
      const headers = Object.fromEntries(pairs) as Received["headers"];
      const bytes = Buffer.from(part.slice(end + 4), "latin1");
      const length = headers["content-length"];
      if (!isHead && length !== undefined) assert.equal(Number(length), bytes.byteLength, line);
      return { status: Number(line.split(" ")[1]), headers, rawHeaders: [], bytes };
    });
}

/** What must hold for every answer, whatever was asked: never a failure of ours, and each in the form of failures. */
export function assertCivil(answer: Received, { isHead, about }: { isHead: boolean; about: string }): void {
  assert.ok(
    answer.status >= 200 && answer.status < 500,
    `${about} → ${answer.status} ${String(answer.bytes)}`,
  );
  if (answer.status >= 400 && !isHead) failureCode(answer);
}
