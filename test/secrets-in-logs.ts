/**
 * `node test/secrets-in-logs.ts FOLDER`, after a run of tests with `RUN_LOGS=FOLDER`: looks for every password and
 * token that was used in the run in everything that its servers logged, and for whatever has the form of a token or secret.
 * Exits with 1 if it finds one, or has nothing to look at.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Forms of secrets of ours, whoever has used them: signed tokens, secrets of robots, and keys of webhooks. */
const FORMS = [/supercargo_[\w-]{43}/, /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/, /whsec_[A-Za-z0-9+/]{20,}/];

const [folder = ""] = process.argv.slice(2);
const read = (pattern: string): string[] =>
  globSync(join(folder, pattern)).map((file) => readFileSync(file, "utf8"));

const secrets = new Set(
  read("*.secrets").flatMap((text) =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string),
  ),
);
/** Tokens are found by their form; to look for thousands of them one by one would take long. */
const others = [...secrets].filter((secret) => !FORMS.some((form) => form.test(secret)));
const logs = read("*.log");

const found = new Set<string>();
for (const log of logs) {
  for (const line of log.split("\n")) {
    if (FORMS.some((form) => form.test(line)) || others.some((secret) => line.includes(secret)))
      found.add(line);
  }
}

const lines = logs.reduce((sum, log) => sum + log.split("\n").length, 0);
console.log(
  `${secrets.size} secrets, of which ${others.length} are no tokens; ${lines} lines of logs; ${found.size} with a secret`,
);
for (const line of [...found].slice(0, 20)) console.log(line.slice(0, 500));
if (found.size > 0 || secrets.size === 0 || lines < 100) process.exitCode = 1;
