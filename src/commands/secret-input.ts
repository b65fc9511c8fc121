import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { RegistryError } from "../errors.ts";

/** Reads a password: from standard input, or from a person at a terminal, who does not see it. `CONFIG_INVALID`. */
export async function readPassword(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) return (await text(stdin)).replace(/\r?\n$/, "");
  stderr.write(question);
  // What is typed would be shown here.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  using line = createInterface({ input: stdin, output: nowhere, terminal: true });
  const interrupted = new AbortController();
  line.once("SIGINT", () => interrupted.abort());
  try {
    return await line.question("", { signal: interrupted.signal });
  } catch (cause) {
    throw new RegistryError("CONFIG_INVALID", "Interrupted; nothing was changed.", { cause });
  } finally {
    stderr.write("\n");
  }
}
