import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../config.ts";
import { RegistryError } from "../errors.ts";

const SECRET = `whsec_${Buffer.alloc(32).toString("base64")}`;

/** What comes of a configuration file with this text. */
async function load(text: string): Promise<Awaited<ReturnType<typeof loadConfig>> | RegistryError> {
  using folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-webhooks-"));
  const config = join(folder.path, "supercargo.yaml");
  writeFileSync(config, text);
  return await loadConfig({ flags: { config }, env: {} }).catch((error: unknown) => error as RegistryError);
}

test("webhooks are read from the file, and what is in force shows neither their secrets nor their URLs", async () => {
  const loaded = await load(`webhooks: { a: { url: "https://ann:word@a.example", secret: "${SECRET}" } }`);
  assert.ok(!(loaded instanceof RegistryError));
  assert.deepEqual(loaded.config.webhooks?.get("a"), {
    url: "https://ann:word@a.example",
    format: "structured",
    selector: {},
    secret: SECRET,
  });
  const shown = JSON.stringify(loaded.settings);
  assert.doesNotMatch(shown, /word@|whsec_/);
  assert.match(shown, /"webhooks","value":\{"a":\{"url":"«hidden»","secret":"«hidden»"\}\}/);
});

test("mistakes in webhooks are reported where they are, without what may be secret", async () => {
  const refused = await load(`webhooks:
  Bad: { url: "https://b.example" }
  c: { url: "ftp://x:word@c.example" }
  d: { url: "https://d.example", secret: nearly-word }
  e: { url: "https://e.example", selector: { type: tag.moved } }
  f: { url: "https://f.example", format: xml }
`);
  assert.ok(refused instanceof RegistryError);
  assert.doesNotMatch(refused.message, /word|whsec_A/);
  const expected = [
    /webhooks\.Bad is an object \(supercargo\.yaml, line 2\); it may be something by a name of/,
    /webhooks\.c\.url is «hidden» \(supercargo\.yaml, line 3\); it may be https:/,
    /webhooks\.d\.secret is «hidden» \(supercargo\.yaml, line 4\); it may be whsec_ and/,
    /webhooks\.e\.selector is an object \(supercargo\.yaml, line 5\); it may be which events/,
    /webhooks\.f\.format is "xml" \(supercargo\.yaml, line 6\); it may be structured, binary/,
  ];
  for (const pattern of expected) assert.match(refused.message, pattern);
});
