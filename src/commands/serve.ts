import { Command } from "commander";
import pino, { type Logger } from "pino";
import type { Config, LoadedConfig } from "../config.ts";
import { stateOf } from "../file-changes.ts";
import { startServer } from "../server.ts";
import { addConfigOptions, configOf } from "./config-options.ts";
import { greeting } from "./greeting.ts";
import { logLines } from "./log-lines.ts";
import { onPolicyChange } from "./policy-changes.ts";
import { stopSignal } from "./stop-signal.ts";

/** How long closing may take beyond the grace for requests before the process ends all the same, in milliseconds. */
const CLOSE_MS_MAX = 10_000;

/** `supercargo serve`: runs the registry until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .description(
      "Run the registry until SIGTERM or SIGINT. Requests that are running then are finished within --shutdown-grace.\n" +
        "Log lines are JSON on standard output. The policy is read again when the file of --config changes, and upon SIGHUP.",
    )
    .addHelpText("after", EXAMPLES);
  return addConfigOptions(command).action(async () => {
    await serve(() => configOf(command));
  });
}

const EXAMPLES = `
Examples:
  supercargo serve
  supercargo serve --listen 0.0.0.0:5000 --config /etc/supercargo.yaml
  supercargo serve --listen 0.0.0.0:5000 --open    everybody who can reach it may do everything
  SUPERCARGO_CATALOG=postgres://supercargo:secret@db.example/supercargo supercargo serve
  supercargo serve --data /var/lib/supercargo --log-level debug`;

async function serve(load: () => Promise<LoadedConfig>): Promise<void> {
  const { config, file } = await load();
  const state = file === undefined ? "" : await stateOf([file]);
  const log = createLog(config);
  const told = stopSignal();
  {
    await using server = await startServer(config, { log, reload: async () => (await load()).config });
    using _ = file === undefined ? undefined : onPolicyChange(file, state, () => void server.reloadPolicy());
    log.info({ url: server.url, ...server.address }, "listening");
    process.stderr.write(greeting(config, server));
    log.info({ signal: await told }, "stopping");
    endAfter(config.shutdown.grace + CLOSE_MS_MAX, log);
  }
  log.info("stopped");
}

function createLog({ log }: Config): Logger {
  return pino(
    { level: log.level, base: null, timestamp: isoTime(), formatters: { level: (level) => ({ level }) } },
    logLines(),
  );
}

/** The time of a line as a member of its JSON; made once for all lines of a millisecond. */
function isoTime(): () => string {
  let [madeAt, text] = [0, ""];
  return () => {
    const now = Date.now();
    if (now !== madeAt) [madeAt, text] = [now, `,"time":"${new Date(now).toISOString()}"`];
    return text;
  };
}

/** The last resort, should something that was told to close never do so. */
function endAfter(ms: number, log: Logger): void {
  const timer = setTimeout(() => {
    log.fatal("did not close in time; ending all the same");
    process.exit(1);
  }, ms);
  timer.unref();
}
