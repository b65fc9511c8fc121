import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";

/** Where a registry is, and what in it is meant. */
export type Address = {
  readonly scheme: "http" | "https";
  /** With its port, if it has one; as people name the registry. */
  readonly host: string;
  /** A repository or a namespace, as it was written; empty for the whole registry. */
  readonly path: string;
};

const GRAMMAR =
  /^(?:(https?):\/\/)?((?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)(?:\/(.*))?$/i;
const LOOPBACK = /^(?:localhost|[^:]+\.localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?$/i;

/** Docker Hub is known by names that its API does not answer at. */
const DOCKER_HUB = /^(?:docker\.io|index\.docker\.io|registry-1\.docker\.io)$/i;
const DOCKER_HUB_API = "registry-1.docker.io";

/**
 * Reads `HOST[:PORT][/PATH]`, with or without `https://` or `http://` before it. Without a scheme it is HTTPS, except on
 * this machine, where nobody else can listen in.
 * @throws PARAMETER_INVALID if it cannot be read, or is plain HTTP to another machine without `plainHttp`
 */
export function parseAddress(text: string, { plainHttp = false }: { plainHttp?: boolean } = {}): Address {
  const [, scheme, host, path = ""] = GRAMMAR.exec(text) ?? [];
  if (host === undefined) {
    throw invalid(text, "is no registry; write HOST[:PORT][/NAME], for example localhost:5000/team/app");
  }
  const asked = scheme?.toLowerCase();
  if (asked === "http" && !plainHttp && !isLoopback(host)) {
    throw invalid(text, "is on another machine by plain HTTP; --plain-http allows that, passwords included");
  }
  const isPlain = asked === "http" || (asked === undefined && (plainHttp || isLoopback(host)));
  return { scheme: isPlain ? "http" : "https", host, path: path.replaceAll(/^\/+|\/+$/g, "") };
}

/** The base of every URL of the registry's API. */
export function originOf({ scheme, host }: Address): string {
  return `${scheme}://${isDockerHub(host) ? DOCKER_HUB_API : host}`;
}

/** Whether a host, with or without port, is this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether a host is one of the names of Docker Hub. */
export function isDockerHub(host: string): boolean {
  return DOCKER_HUB.test(host);
}

function invalid(text: string, problem: string): RegistryError {
  return new RegistryError("PARAMETER_INVALID", `${shown(text)} ${problem}.`, {
    detail: { parameter: "registry" },
  });
}
