import type { Revision } from "../catalog/catalog.ts";
import { digestOf } from "../oci/digest.ts";
import { formatLink } from "../oci/link.ts";
import { MEDIA_TYPES } from "../oci/media-type.ts";
import type { Named, NamePage } from "../registry/name-page.ts";
import { readMoment } from "../registry/selector.ts";
import { lastParam, numberParam, type Answer, type Call } from "./call.ts";
import { isFresh, notModified, pageEtag } from "./conditions.ts";
import { pageBody } from "./page-cache.ts";

/** Entries on a page when the client does not say, and at the most. More is no error (R20). */
export type PageLength = { readonly byDefault: number; readonly max: number };

/** Of names alone; clients ask for up to 100,000 (R21). */
export const NAMES: PageLength = { byDefault: 1_000, max: 10_000 };
/** Of entries that say more. */
export const ENTRIES: PageLength = { byDefault: 1_000, max: 1_000 };

/** What is on a page, and the parameters by which its link asks for the next, if one follows. */
export type FormPage = {
  readonly revision: Revision;
  readonly body: unknown;
  readonly next?: Readonly<Record<string, string | number>> | undefined;
};

/** Reads `n`, `last` and `at`. `PAGINATION_NUMBER_INVALID`, `PARAMETER_INVALID`, `REVISION_EXPIRED`. */
export async function readPage(call: Call, length: PageLength): Promise<NamePage> {
  return { n: readLength(call, length), last: lastParam(call.query), at: await readAt(call) };
}

/** Reads `n`. `PAGINATION_NUMBER_INVALID`. */
export function readLength({ query }: Call, { byDefault, max }: PageLength): number {
  return Math.min(numberParam(query, "n", "PAGINATION_NUMBER_INVALID") ?? byDefault, max);
}

/** Reads `at`, a revision or a time; nothing is the present. `PARAMETER_INVALID`, `REVISION_EXPIRED`. */
export async function readAt({ query, registry }: Call): Promise<Revision | undefined> {
  const text = query.get("at");
  if (!text) return undefined;
  const moment = readMoment(text, { parameter: "at" });
  return "revision" in moment ? moment.revision : registry.catalog.revisionAt(moment.time);
}

/** A page of entries by name. Its link pins the revision, so that all that follow agree with it (R22). */
export function namedPage<Entry>(
  { n }: NamePage,
  { revision, entries, next }: Named<Entry>,
  bodyOf: (entries: readonly Entry[]) => unknown,
): FormPage {
  return {
    revision,
    body: bodyOf(entries),
    ...(next !== undefined && { next: { last: next, n, at: revision } }),
  };
}

/** Where a page is. */
type Place = {
  readonly path: string;
  readonly at?: Revision | undefined;
  /** Refuses a page of what is not there; asked before anything is said of it, unless the page is at hand. */
  readonly requireThere?: () => Promise<void>;
  /** That its body is an image index. */
  readonly isIndex?: boolean;
  /** That what is not for the caller has a page too: then only what is on it tells whether it has changed for them. */
  readonly isAlwaysThere?: boolean;
};

/**
 * Answers a page. The validator is the revision and what the caller sees: nothing on the page can change while these stay,
 * so a client that asks again and again costs one look at the clock (R24), and others that ask the same get the same bytes.
 */
export async function answerPage(
  call: Call,
  { path, at, requireThere, isIndex = false, isAlwaysThere = false }: Place,
  read: (newest: Revision) => Promise<FormPage>,
): Promise<Answer> {
  const { revision: newest, oldest } = await call.registry.catalog.bounds();
  const { pages } = call.service;
  const asked = at ?? newest;
  const isRetained = asked >= oldest && asked <= newest;
  const etag = pageEtag([asked], pages.readers);
  const key = `${etag} ${path}?${call.search}`;
  let page = isRetained ? pages.find(key) : undefined;
  if (!page) await requireThere?.();
  if (isRetained && !isAlwaysThere && isFresh(call.request, etag)) return notModified({ ETag: etag });
  if (!page) {
    const made = pageOf(await read(newest), { path, isIndex, isAlwaysThere, readers: pages.readers });
    page = made.page;
    pages.keep(key, page, made.bytes);
  }
  const held = { ETag: String(page.headers?.["ETag"]) };
  return isAlwaysThere && isFresh(call.request, held.ETag) ? notModified(held) : page;
}

function pageOf(
  { revision, body, next }: FormPage,
  { path, isIndex, isAlwaysThere, readers }: Place & { readonly readers: string | undefined },
): { readonly page: Answer; readonly bytes: number } {
  const made = pageBody(JSON.stringify(body));
  const headers = {
    ...(isIndex === true ? indexHeaders(made.bytes) : { "Content-Type": "application/json" }),
    ETag: pageEtag(isAlwaysThere === true ? [revision, digestOf(made.bytes)] : [revision], readers),
    "Supercargo-Revision": revision,
    ...(next && { Link: formatLink(path, next) }),
  };
  return { page: { status: 200, headers, body: made.body }, bytes: made.bytes.byteLength };
}

/** Clients that pull an index take nothing without its type and digest. */
function indexHeaders(body: Uint8Array): Readonly<Record<string, string>> {
  return { "Content-Type": MEDIA_TYPES.ociIndex, "Docker-Content-Digest": digestOf(body) };
}
