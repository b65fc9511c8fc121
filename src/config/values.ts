import { isIP, isIPv4, isIPv6 } from "node:net";
import { HIDDEN, Secret } from "./secret.ts";

/** A length of time as the configuration gives it. */
export type Milliseconds = number;
/** A size as the configuration gives it. */
export type Bytes = number;

/** Where to listen: a host name or IP address (no brackets), and a port, of which 0 means any that is free. */
export type Address = { readonly host: string; readonly port: number };

const DURATION = /^(\d{1,6})(s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, Milliseconds>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const SIZE = /^(\d{1,15})(B|KiB|MiB|GiB|TiB)?$/;
const UNIT_BYTES: Readonly<Record<string, Bytes>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const ADDRESS = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** Reads `90s`, `30m`, `24h` or `7d`; `undefined` for anything else. */
export function readDuration(text: string): Milliseconds | undefined {
  const [, amount, unit = ""] = DURATION.exec(text) ?? [];
  const factor = UNIT_MS[unit];
  return factor === undefined ? undefined : Number(amount) * factor;
}

/** Reads `8MiB`, `512KiB` or a plain number of bytes; `undefined` for anything else. */
export function readSize(text: string): Bytes | undefined {
  const [, amount, unit = "B"] = SIZE.exec(text) ?? [];
  const factor = UNIT_BYTES[unit];
  const bytes = Number(amount) * (factor ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads `HOST:PORT`, an IPv6 host in brackets; `undefined` for anything else. */
export function readAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined;
  const host = bracketed ?? plain;
  return host === undefined || port > PORT_MAX ? undefined : { host, port };
}

/** True for hosts that only programs of the same machine reach. */
export function isLoopback(host: string): boolean {
  return isIPv4(host) ? host.startsWith("127.") : host === "::1" || host === "localhost";
}

/**
 * Reads the URL of a PostgreSQL database; `undefined` for anything else. An `@` or `#` beyond the authority is refused:
 * then a password was not percent-encoded, and what is taken for the host or the database would be a part of it.
 */
export function readPostgresUrl(text: string): Secret | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") return undefined;
  if (url.hash !== "" || /[@#]/.test(url.pathname + url.search)) return undefined;
  const user = url.username === "" ? "" : `${url.username}${url.password === "" ? "" : `:${HIDDEN}`}@`;
  // Parameters are left out as a whole: `?password=` is one of them.
  return new Secret(text, `${url.protocol}//${user}${url.host}${url.pathname}`);
}

/** Reads the URL of a host: `http` or `https`, nothing after the port. Gives it without a slash at the end. */
export function readBaseUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, href, protocol } = new URL(text);
  const isHttp = protocol === "http:" || protocol === "https:";
  return isHttp && href === `${origin}/` ? origin : undefined;
}

/** Reads origins of web pages, separated by commas; `*` stands for all of them. */
export function readOrigins(text: string): readonly string[] | undefined {
  const origins = text.split(",").map((origin) => (origin.trim() === "*" ? "*" : readBaseUrl(origin.trim())));
  return origins.every((origin) => origin !== undefined) ? origins : undefined;
}

const RATE = /^(\d{1,9})\/(s|m|h)$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** Reads `50/s`, `600/m` or `5000/h`; `undefined` for anything else. */
export function readRate(text: string): { readonly calls: number; readonly seconds: number } | undefined {
  const [, calls = "", unit = ""] = RATE.exec(text) ?? [];
  const seconds = UNIT_SECONDS[unit];
  return seconds === undefined || Number(calls) === 0 ? undefined : { calls: Number(calls), seconds };
}

const NETWORK = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/;

/** Reads addresses and networks, separated by commas; `undefined` for anything else. */
export function readNetworks(text: string): readonly string[] | undefined {
  const networks = text.split(",").map((part) => part.trim());
  return networks.every(isNetwork) ? networks : undefined;
}

function isNetwork(text: string): boolean {
  const [, address = "", bits = "0"] = NETWORK.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits) <= (isIPv4(address) ? 32 : 128);
}
