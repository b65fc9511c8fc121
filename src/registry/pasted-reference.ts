import { RegistryError } from "../errors.ts";
import { parseName } from "../oci/name.ts";
import { parseTag } from "../oci/tag.ts";

/** What somebody copied from a command line, without the host. */
export type PastedReference = {
  readonly name: string;
  readonly tag?: string;
  /** A digest or the beginning of one. It says more than a tag beside it, which may have moved. */
  readonly digest?: string;
};

/** Transports that tools write before a reference. */
const TRANSPORT = /^(?:docker|oci):\/\//;

/** What comes before the first slash and is no part of a name: something with a port, or what can only be a host. */
const HOST =
  /^(?:[a-z0-9.-]+:\d{1,5}|\[[0-9a-f:.]+\](?::\d{1,5})?|localhost|\d{1,3}(?:\.\d{1,3}){3}|(?:[a-z0-9-]+\.)+[a-z]{2,})$/i;

/** A whole text that may as well be a host with its port. */
const HOST_ALONE = /^(?:localhost|[^/]*\.[^/]*):\d{1,5}$/;

const PARTS = /^([^:@]+)(?::([^:@]+))?(?:@(sha(?:256|512):[a-f0-9]+))?$/;

/**
 * Reads a reference as people paste it: `name:tag`, `name@digest` or both, with or without a host; a name alone only with
 * one, as it is a word like any other else. `undefined` for all else.
 */
export function readPasted(text: string): PastedReference | undefined {
  if (HOST_ALONE.test(text)) return undefined;
  const plain = text.replace(TRANSPORT, "");
  const slash = plain.indexOf("/");
  const hasHost = slash > 0 && HOST.test(plain.slice(0, slash));
  const [, name = "", tag, digest] = PARTS.exec(hasHost ? plain.slice(slash + 1) : plain) ?? [];
  const isMore = tag !== undefined || digest !== undefined || plain !== text || hasHost;
  if (!isMore || !isRight(() => parseName(name)) || (tag !== undefined && !isRight(() => parseTag(tag)))) {
    return undefined;
  }
  if (digest !== undefined) return { name, digest };
  return tag === undefined ? { name } : { name, tag };
}

function isRight(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof RegistryError) return false;
    throw error;
  }
}
