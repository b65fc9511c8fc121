import { type Config, isLoopback } from "../config.ts";
import type { RunningServer } from "../server.ts";
import { VERSION } from "./version.ts";

/** Addresses that stand for every address of the machine. */
const EVERYWHERE: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

const OPEN_TO_ALL = `
  NOTE: there is no policy, so whoever can reach this address can read, push and delete everything.
`;

/** What a person reads when the server has started: where it is, what it uses, and what to type next. Shows no secret. */
export function greeting(config: Config, { url, address }: Pick<RunningServer, "url" | "address">): string {
  const isEverywhere = EVERYWHERE.has(address.host) && config.url === undefined;
  const base = isEverywhere ? `http://localhost:${address.port}` : url;
  const target = `${base.replace(/^https?:\/\//, "")}/demo/busybox`;
  const rules = config.policy?.rules?.length;
  return `
Supercargo ${VERSION} is ready at ${url}
  data     ${config.data}
  catalog  ${config.catalog?.toString() ?? "SQLite in the data folder"}
  policy   ${rules === undefined ? "none: everybody may do everything" : `${rules} rule${rules === 1 ? "" : "s"}`}
${config.policy !== undefined || isLoopback(address.host) ? "" : OPEN_TO_ALL}
Push something, then see what is there and read what happened:
  docker pull busybox && docker tag busybox ${target} && docker push ${target}
  curl ${base}/v2/_catalog
  curl '${base}/v2/_supercargo/events?after=0'

Ctrl-C stops it. All settings: supercargo serve --help

`;
}
