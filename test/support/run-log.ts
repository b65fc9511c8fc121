import { appendFileSync } from "node:fs";
import { join } from "node:path";

/** Where all logs of a run are gathered, and all secrets that were used in it: see test/secrets-in-logs.ts. */
const FOLDER = process.env["RUN_LOGS"];
/** Shorter ones are found in any text. */
const LENGTH_MIN = 8;
/** What tests make up at random can be a word that programs are made of. */
const WORD = /^[A-Za-z_]+$/;
/** What has not the form of a signed token is none, whatever it is sent as. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const known = new Set<string>();

/** Notes what a server of a test has logged. */
export function keepLog(text: string): void {
  if (FOLDER !== undefined)
    appendFileSync(join(FOLDER, `${process.pid}.log`), text.endsWith("\n") ? text : `${text}\n`);
}

/** Notes a password or token that was used. */
export function keepSecret(secret: string): void {
  if (FOLDER === undefined || secret.length < LENGTH_MIN || WORD.test(secret) || known.has(secret)) return;
  known.add(secret);
  appendFileSync(join(FOLDER, `${process.pid}.secrets`), `${JSON.stringify(secret)}\n`);
}

/** Notes what stands in an `Authorization`. */
export function keepAuthorization(header: unknown): void {
  if (FOLDER === undefined || typeof header !== "string") return;
  const [scheme = "", value = ""] = header.split(" ");
  if (scheme.toLowerCase() !== "basic") {
    if (TOKEN.test(value)) keepSecret(value);
    return;
  }
  keepSecret(value);
  const text = Buffer.from(value, "base64").toString();
  keepSecret(text.slice(text.indexOf(":") + 1));
}
