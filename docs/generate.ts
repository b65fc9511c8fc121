import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { CONFIG_SCHEMA, KEYS, type Key, type Part, PARTS } from "../src/config/schema.ts";
import { describeApi } from "../src/http/openapi.ts";
import { ROUTES } from "../src/http/routes.ts";

/** Pages that are written from the code, and never by hand. With `--check` they are only compared. */
const PAGES: readonly (readonly [file: string, write: () => string])[] = [
  ["docs/configuration.md", configurationPage],
  ["docs/config.schema.json", configurationSchema],
  ["docs/cli.md", commandsPage],
  ["docs/openapi.json", () => `${JSON.stringify(describeApi(ROUTES), undefined, 2)}\n`],
];

const isCheck = process.argv.includes("--check");
const stale: string[] = [];
for (const [file, write] of PAGES) {
  const text = write();
  if (!isCheck) await writeFile(file, text);
  else if ((await readFile(file, "utf8").catch(() => "")) !== text) stale.push(file);
}
if (stale.length > 0) {
  console.error(`Not up to date: ${stale.join(", ")}. Run \`npm run docs\` and commit what it writes.`);
  process.exitCode = 1;
}

function configurationPage(): string {
  return `# Configuration

Written by \`npm run docs\` from \`src/config/schema.ts\`.

Every setting has three names: a key of the YAML file (\`--config FILE\`), a variable, and a flag. Flags win over the
environment, the environment over the file, the file over the default. An unknown key is an error, and all errors are
reported at once. \`supercargo config show\` prints what is in force and where it comes from, without secrets.

Editors complete and check the file by [config.schema.json](config.schema.json).
${KEYS.map(keySection).join("")}${PARTS.map(partSection).join("")}`;
}

function keySection({ path, about, mayBe, default: value, flag, variable }: Key): string {
  return `
## \`${path}\`

${about}

- May be: ${mayBe}.
- Default: ${value === undefined ? "none" : `\`${value}\``}.
- Flag \`${flag}\`, variable \`${variable}\`.
`;
}

/** A part of the file, with what may be at each place in it. */
function partSection(part: Part): string {
  return `
## \`${part.path}\`

${part.about}

${placesIn(part, []).join("\n")}
- Only in the file: there is neither a flag nor a variable for it.

\`\`\`yaml
${part.example}\`\`\`
`;
}

/** The keys of a place, or else what is true of all its items. */
function placesIn(part: Part, inside: readonly string[]): string[] {
  const here = part.mayBe(inside);
  if (here === undefined) return [];
  const keys = part.keys(inside);
  const name = [part.path, ...inside].join(".").replaceAll(".*", "[]");
  const below = (keys.length > 0 ? keys : ["*"]).flatMap((key) => placesIn(part, [...inside, key]));
  return [`- \`${name}\` may be: ${here}.`, ...below];
}

function configurationSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(CONFIG_SCHEMA, { io: "input" }), undefined, 2)}\n`;
}

function commandsPage(): string {
  return `# Commands

Written by \`npm run docs\`: what every command says of itself with \`--help\`. From a checkout, \`supercargo\` is
\`npx node src/main.ts\`, and \`supercargo serve\` is \`npm start\` as well.
${helpOf([])}`;
}

/** What a command says with `--help`, and below it what its own commands say. */
function helpOf(words: readonly string[]): string {
  const help = execFileSync(process.execPath, ["src/main.ts", ...words, "--help"], { encoding: "utf8" });
  const [, list = ""] = /^Commands:\n((?: .*\n)+)/m.exec(help) ?? [];
  const inner = [...list.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "help");
  const heading = ["supercargo", ...words].join(" ");
  const section = `\n## \`${heading}\`\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
  return section + inner.map((name) => helpOf([...words, name])).join("");
}
