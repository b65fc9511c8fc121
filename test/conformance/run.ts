/**
 * `npm run conformance`: the official suite against this registry, for the released specification and the one being
 * written, with manifests whose parts were never pushed, on each catalog. Exits with 1 unless every run passes.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hash } from "bcrypt";
import { buildGoProgram } from "../support/go-program.ts";
import { startPostgres } from "../support/postgres.ts";
import { keepSecret } from "../support/run-log.ts";
import { RegistryProcess } from "../support/registry-process.ts";
import { runSuite, SUITE, type Verdict } from "./suite.ts";

const VERSIONS = ["1.1", "dev"];
const CATALOGS = ["sqlite", "postgres"] as const;
const LOGIN = { name: "conformer", password: "conforming-password" };
/**
 * A blob that is to be mounted from wherever it is: the suite asks for a token for the one repository that it pushes to, which
 * reaches into no other. The registry then takes an upload instead, as the standard allows.
 */
const SPARED = { name: "Blob anonymous mount", results: 4 };
/** Of bcrypt: as little as it takes. */
const COST = 4;
const RESULTS = join(import.meta.dirname, "../../node_modules/.cache/conformance");

/** A registry that is for one user alone. */
async function guarded(folder: string): Promise<object> {
  const htpasswd = join(folder, "htpasswd");
  keepSecret(LOGIN.password);
  await writeFile(htpasswd, `${LOGIN.name}:${await hash(LOGIN.password, COST)}\n`);
  return { htpasswd, policy: { rules: [{ allow: ["admin"], to: [LOGIN.name], on: ["**"] }] } };
}

async function main(): Promise<void> {
  console.log(`Building ${SUITE.package}@${SUITE.version}, once.`);
  const folder = await buildGoProgram(SUITE);
  await using postgres = await startPostgres();
  for (const catalog of CATALOGS) {
    const where = async (): Promise<{ catalog?: string }> =>
      catalog === "postgres" ? { catalog: await postgres.createDatabase() } : {};
    for (const version of VERSIONS) {
      await using open = await RegistryProcess.start(await where());
      const results = join(RESULTS, `${version}-${catalog}`);
      report(`${version} on ${catalog}`, await runSuite(folder, { host: open.host, version, results }));
      await using registry = await RegistryProcess.start({ ...(await where()), config: guarded });
      const asked = {
        host: registry.host,
        version,
        results: `${results}-login`,
        login: LOGIN,
        spared: SPARED,
      };
      report(`${version} on ${catalog} where one has to log in`, await runSuite(folder, asked));
    }
  }
  console.log(`Full reports: ${RESULTS}`);
}

function report(run: string, verdict: Verdict): void {
  const counts = Array.from(verdict.counts, ([status, count]) => `${count} ${status}`).join(", ");
  const passed = verdict.failures.length === 0;
  console.log(`${passed ? "ok" : "NOT OK"}  ${run}: ${counts}`);
  if (passed) return;
  for (const failure of verdict.failures) console.log(`        ${failure}`);
  console.log(verdict.complaints);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
