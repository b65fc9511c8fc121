import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Catalog, Event, Revision } from "../../../src/catalog/catalog.ts";

/** The log from a revision to its end, page by page. */
export async function readLog(
  catalog: Catalog,
  { after = 0, limit = 1_000 }: { after?: Revision; limit?: number } = {},
): Promise<Event[]> {
  const events: Event[] = [];
  for (;;) {
    const page = await readOn(catalog, { after: events.at(-1)?.revision ?? after, limit });
    if (page.length === 0) return events;
    events.push(...page);
  }
}

/** Follows the log with a cursor while `work` goes on, and then to its end, as every watcher does. */
export async function follow(
  catalog: Catalog,
  { after, limit, work }: { after: Revision; limit: number; work: Promise<unknown> },
): Promise<Revision[]> {
  const seen: Revision[] = [];
  let isOver = false;
  void work.finally(() => (isOver = true)).catch(() => {});
  for (;;) {
    const wasOver = isOver;
    const events = await readOn(catalog, { after: seen.at(-1) ?? after, limit });
    seen.push(...events.map((event) => event.revision));
    if (events.length === 0 && wasOver) return seen;
    await setImmediate();
  }
}

/** One page. A log that repeats itself would have no end. */
async function readOn(catalog: Catalog, page: { after: Revision; limit: number }): Promise<readonly Event[]> {
  const { events } = await catalog.events(page);
  assert.ok(events.every((event) => event.revision > page.after) && events.length <= page.limit);
  return events;
}

/** Holds a reader to the promise: each event once, in order, none missing. */
export function assertUnbroken(
  seen: readonly Revision[],
  { after, last }: { after: Revision; last: Revision },
): void {
  const expected = Array.from({ length: last - after }, (_, position) => after + position + 1);
  assert.deepEqual(seen, expected);
}

/** Everything an iterable yields. */
export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of iterable) found.push(item);
  return found;
}
