import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";

const FILE = join(import.meta.dirname, "log-lines.ts");
/** More than any of these programs prints. */
const PRINTED_BYTES_MAX = 16 * 2 ** 20;

/** What a program prints that has `write`, for lines. */
function printed(program: string): string {
  const source = `import { logLines } from ${JSON.stringify(FILE)}; const { write } = logLines(); ${program}`;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", source], {
    encoding: "utf8",
    maxBuffer: PRINTED_BYTES_MAX,
  }).stdout;
}

describe("lines of the log", () => {
  test("come out whole and in their order, however many there are at once", () => {
    const turns = `for (let n = 0; n < 20; n++) {
      await new Promise(setImmediate);
      for (let m = 0; m < 500; m++) write(n + " " + m + " é" + "x".repeat(100) + "\\n");
    }`;
    const expected = Array.from(
      { length: 10_000 },
      (_, n) => `${Math.floor(n / 500)} ${n % 500} é${"x".repeat(100)}\n`,
    );
    assert.equal(printed(turns), expected.join(""));
  });

  test("come out when the program ends, is ended, or fails, also those of its last moment", () => {
    const earlier = `write("earlier\\n"); await new Promise(setImmediate); write("last\\n");`;
    for (const end of ["", "process.exit(1);", "throw new Error();"])
      assert.equal(printed(earlier + end), "earlier\nlast\n", end);
  });
});
