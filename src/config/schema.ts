import { resolve } from "node:path";
import { z } from "zod";
import {
  WEBHOOKS_EXAMPLE,
  WEBHOOKS_SCHEMA,
  isWebhookSecret,
  webhookKeys,
  webhooksMayBe,
} from "./webhooks.ts";
import { FILE, group, key, notes, size, text, type Notes } from "./fields.ts";
import { POLICY_EXAMPLE, POLICY_SCHEMA, policyKeys, policyMayBe } from "./policy.ts";
import {
  type Bytes,
  readAddress,
  readBaseUrl,
  readDuration,
  readNetworks,
  readOrigins,
  readPostgresUrl,
  readRate,
} from "./values.ts";

/** The largest manifest that may be allowed: it is held in memory as a whole while it is read. */
const MANIFEST_BYTES_MAX: Bytes = 64 * 2 ** 20;
/** The smallest limit for manifests that the distribution-spec lets a registry have. */
const MANIFEST_BYTES_MIN: Bytes = 4 * 2 ** 20;

/** A key of the configuration file, and its other two names. */
export type Key = Notes & {
  /** With its group: `log.level`. */
  readonly path: string;
  /** `SUPERCARGO_LOG_LEVEL` */
  readonly variable: string;
  /** `--log-level` */
  readonly flag: string;
};

/** A part of the file that is more than a value, and so has neither a variable nor a flag. */
export type Part = {
  readonly path: string;
  readonly about: string;
  /** A file with this part and nothing else. */
  readonly example: string;
  /** What may stand at a place in it, to follow "it may be"; `undefined` where nothing may. */
  readonly mayBe: (inside: readonly string[]) => string | undefined;
  /** The keys that may stand at a place in it. */
  readonly keys: (inside: readonly string[]) => readonly string[];
  /** What stands at a place in it must never be printed. */
  readonly isSecret?: (inside: readonly string[]) => boolean;
};

/** Every such part. */
export const PARTS: readonly Part[] = [
  {
    path: "policy",
    about:
      "Who may do what where; what no rule allows, nobody may. Read again when the file changes and upon SIGHUP. " +
      "Without it everybody may do everything.",
    example: POLICY_EXAMPLE,
    mayBe: policyMayBe,
    keys: policyKeys,
  },
  {
    path: "webhooks",
    about:
      "Who is told of events, by a name for each. Others can be added while the server runs, by `supercargo webhook add`. " +
      "Who is new here is told what happens from then on. Without a secret, deliveries are not signed.",
    example: WEBHOOKS_EXAMPLE,
    mayBe: webhooksMayBe,
    keys: webhookKeys,
    isSecret: isWebhookSecret,
  },
];

const rate = text(readRate);
const RATE_MAY_BE =
  "so many in a second, minute or hour, such as 50/s, 600/m or 5000/h; without it there is no limit";

const duration = text(readDuration);
const DURATION_MAY_BE = "a whole number of s, m, h or d, such as 90s, 24h or 30d";

/** The whole configuration: every key, what it may be, and what it is when nothing sets it. */
export const CONFIG_SCHEMA = z.strictObject({
  listen: key(text(readAddress), {
    about: "Where to listen. Port 0 takes any that is free; 0.0.0.0 or [::] listens on every address.",
    mayBe: "HOST:PORT, such as 127.0.0.1:5000, 0.0.0.0:5000 or [::1]:5000",
    default: "127.0.0.1:5000",
  }),
  open: key(z.union([z.boolean(), z.enum(["true", "false"]).transform((word) => word === "true")]), {
    about:
      "Listen beyond loopback though there is no policy, so that everybody who can reach the address may read, " +
      "push and delete everything.",
    mayBe: "true or false",
    default: "false",
    isSwitch: true,
  }),
  data: key(
    z
      .string()
      .min(1)
      .transform((folder) => resolve(folder)),
    {
      about: "The folder for blobs, uploads and the SQLite catalog. Made when it is not there.",
      mayBe: "the path of a folder",
      default: "./data",
    },
  ),
  htpasswd: key(
    z
      .string()
      .min(1)
      .transform((file) => resolve(file)),
    {
      about:
        "Users who may log in, and their passwords, as htpasswd -B writes them. Read again when it changes.",
      mayBe: "the path of a file with name:hash on each line, the hash by bcrypt",
    },
  ),
  tokens: group({
    issuer: key(z.string().min(1), {
      about:
        "Another token server, whose tokens count here as far as the policy allows: the issuer that they name.",
      mayBe: "text, set together with tokens.audience and tokens.jwks",
    }),
    audience: key(z.string().min(1), {
      about: "What its tokens for this registry say they are for; token servers call it the service.",
      mayBe: "text, set together with tokens.issuer and tokens.jwks",
    }),
    jwks: key(z.string().min(1), {
      about: "The key set (JWKS) that its tokens are verified with. Read again when a key is not in it.",
      mayBe: "an http:// or https:// URL, or the path of a file",
    }),
    realm: key(z.url({ protocol: /^https?$/ }), {
      about:
        "Where clients are sent for a token. Without it they get one here, and others are taken all the same.",
      mayBe: "an http:// or https:// URL, such as https://auth.example.com/token",
    }),
  }),
  catalog: key(text(readPostgresUrl), {
    about: "The PostgreSQL database for the catalog. Without it the catalog is SQLite, in the data folder.",
    mayBe: "postgres://USER:PASSWORD@HOST:PORT/DATABASE, special characters in the password percent-encoded",
    isSecret: true,
  }),
  tls: group({
    cert: key(FILE, {
      about: "The certificate to speak TLS with, and those that vouch for it. Read again when it changes.",
      mayBe: "the path of a file in PEM, set together with tls.key",
    }),
    key: key(FILE, {
      about: "The key of this certificate. Read again when it changes.",
      mayBe: "the path of a file in PEM, set together with tls.cert",
    }),
  }),
  trustProxy: key(text(readNetworks), {
    about:
      "Proxies in front of this registry. What these say of the client (X-Forwarded-For, -Proto, -Host) is believed, and " +
      "what others say is not.",
    mayBe: "IP addresses and networks separated by commas, such as 127.0.0.1, ::1 or 10.0.0.0/8",
  }),
  rateLimits: group({
    list: key(rate, {
      about: "How often one caller may list, search and follow events.",
      mayBe: RATE_MAY_BE,
    }),
    pull: key(rate, { about: "How often one caller may ask for manifests and blobs.", mayBe: RATE_MAY_BE }),
    push: key(rate, {
      about: "How often one caller may push and delete: each request of a push counts.",
      mayBe: RATE_MAY_BE,
    }),
    login: key(rate, {
      about:
        "How often one address may ask for a token, or show a wrong password where no other class counts.",
      mayBe: RATE_MAY_BE,
    }),
  }),
  webhookTargets: key(text(readNetworks), {
    about:
      "Addresses beyond the public Internet to which webhooks may be sent. Elsewhere in private networks, and to this machine, " +
      "nothing is.",
    mayBe: "IP addresses and networks separated by commas, such as 127.0.0.1, ::1 or 10.0.0.0/8",
  }),
  url: key(text(readBaseUrl), {
    about:
      "Where clients reach this registry, if not at the address it listens on. Events name it as their source.",
    mayBe: "an http:// or https:// URL without path, such as https://registry.example.com",
  }),
  retention: key(duration, {
    about: "How long events, and facts that are no longer true, can still be asked for.",
    mayBe: DURATION_MAY_BE,
    default: "30d",
  }),
  log: group({
    level: key(z.enum(["error", "warn", "info", "debug"]), {
      about: "How much is logged: info has a line per request, debug those of health checks too.",
      mayBe: "error, warn, info or debug",
      default: "info",
    }),
  }),
  limits: group({
    manifestBytes: key(size(MANIFEST_BYTES_MIN, MANIFEST_BYTES_MAX), {
      about: "The largest manifest that is accepted.",
      mayBe: "a size from 4MiB to 64MiB",
      default: "4MiB",
    }),
    streams: key(
      text((word) => (/^[1-9]\d{0,6}$/.test(word) ? Number(word) : undefined)),
      {
        about: "How many streams of events one caller may have at a time; a page that waits is one.",
        mayBe: "a whole number from 1 to 9999999",
        default: "1000",
      },
    ),
    blobBytes: key(size(1, Number.MAX_SAFE_INTEGER), {
      about: "The largest blob that is accepted. Without it there is no limit but the disk's.",
      mayBe: "a size in B, KiB, MiB, GiB or TiB, such as 20GiB",
    }),
  }),
  manifests: group({
    missingBlobs: key(z.enum(["accept", "refuse"]), {
      about: "What happens to a manifest that names blobs or manifests its repository does not have.",
      mayBe: "accept or refuse",
      default: "accept",
    }),
  }),
  uploads: group({
    expire: key(duration, {
      about: "How long an unfinished upload is kept after its last byte.",
      mayBe: DURATION_MAY_BE,
      default: "24h",
    }),
  }),
  cors: group({
    origins: key(text(readOrigins), {
      about: "Web pages of which origins may use the API from a browser.",
      mayBe: "* for all, or origins separated by commas, such as https://ui.example.com",
    }),
  }),
  shutdown: group({
    grace: key(duration, {
      about: "How long running requests may take to finish once the server was told to stop.",
      mayBe: DURATION_MAY_BE,
      default: "30s",
    }),
  }),
  policy: POLICY_SCHEMA.optional(),
  webhooks: WEBHOOKS_SCHEMA.optional(),
});

/** Everything that can be set, read and checked. */
export type Config = z.output<typeof CONFIG_SCHEMA>;

/** Every key, in the order of the schema. */
export const KEYS: readonly Key[] = [...keysOf(CONFIG_SCHEMA, [])];

function* keysOf(schema: z.ZodObject, path: readonly string[]): Generator<Key> {
  for (const [name, member] of Object.entries(schema.shape)) {
    const here = [...path, name];
    const known = notes.get(member);
    if (PARTS.some((part) => part.path === here.join("."))) continue;
    if (known) yield { ...known, ...namesOf(here) };
    else yield* keysOf((member as z.ZodPrefault<z.ZodObject>).unwrap(), here);
  }
}

function namesOf(path: readonly string[]): Pick<Key, "path" | "variable" | "flag"> {
  const words = path.flatMap((segment) => segment.split(/(?=[A-Z])/));
  return {
    path: path.join("."),
    variable: ["SUPERCARGO", ...words].join("_").toUpperCase(),
    flag: `--${words.join("-").toLowerCase()}`,
  };
}
