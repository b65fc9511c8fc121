import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { startPostgres } from "../support/postgres.ts";

/** Several times what it takes on a machine that is busy with other tests, in milliseconds. */
const SUITE_MS_MAX = 280_000;

/** Those whose outcome has to do with the catalog. */
const suites = globSync("test/http/*.test.ts").filter(
  (file) => !/(?:postgres|fuzz|connections|transport|two-nodes)\.test/.test(file),
);

test("everything is answered the same way with the catalog on PostgreSQL", async () => {
  await using postgres = await startPostgres();
  // Set in a process that runs tests, it would make the runner inside report to the one outside.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--test", "--test-concurrency=2", "--test-reporter=spec", ...suites],
    { env: { ...environment, SUPERCARGO_TEST_POSTGRES: postgres.url }, timeout: SUITE_MS_MAX },
  ).catch((failed: Error & { stdout: string }) =>
    assert.fail(failed.stdout.slice(failed.stdout.indexOf("✖ failing tests"))),
  );
  assert.match(stdout, /^ℹ pass [1-9][0-9]{2}$/m);
});
