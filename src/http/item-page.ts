import type { Revision } from "../catalog/catalog.ts";
import type { Answer, Call } from "./call.ts";
import { isFresh, notModified, pageEtag } from "./conditions.ts";
import { pageBody } from "./page-cache.ts";

/** How long a page may be taken for unchanged while its revision is the same, in milliseconds: ages go on, pulls are noted. */
const VALID_MS = 60_000;

/** Which page is asked for. All of it has been read and found right: nobody is told that what is wrong has not changed. */
type Asked = {
  /** The revision it is of, if not the newest. */
  readonly at?: Revision | undefined;
  /** Refuses a page of what is not there; asked before anything is said of it. */
  readonly requireThere?: (() => Promise<void>) | undefined;
  readonly read: () => Promise<ItemPage>;
};

/** A page as it is made: its body, and headers beside those that all pages have. */
export type ItemPage = {
  readonly body: object;
  readonly headers: Readonly<Record<string, string | number>>;
};

/**
 * Answers a page of items, which are more than facts: its validator is the newest revision, the minute, and what its reader
 * sees. The same page for others who see the same is kept; what they ask for was found right when it was made, and is not
 * read again.
 */
export async function answerItems(call: Call, path: string, ask: () => Promise<Asked>): Promise<Answer> {
  const { request, registry, service, search } = call;
  const { revision, oldest } = await registry.catalog.bounds();
  const minute = Math.floor(Date.now() / VALID_MS).toString(36);
  const etag = pageEtag([revision, minute], service.pages.readers);
  const isHeld = isFresh(request, etag);
  const key = `${etag} ${path}?${search}`;
  const kept = service.pages.find(key);
  if (kept) return isHeld ? notModified({ ETag: etag }) : kept;
  const { at, requireThere, read } = await ask();
  await requireThere?.();
  const isRetained = at === undefined || (at >= oldest && at <= revision);
  if (isRetained && isHeld) return notModified({ ETag: etag });
  const made = await read();
  const { body, bytes } = pageBody(JSON.stringify(made.body));
  const headers = { "Content-Type": "application/json", ...made.headers, ETag: etag };
  const answer = { status: 200, headers, body };
  service.pages.keep(key, answer, bytes.byteLength);
  return answer;
}
