import type { Position } from "./items.ts";
import { keyOf } from "./list-found.ts";
import type { Row } from "./list-items.ts";
import type { Range } from "./list-orders.ts";
import { comparePlaces } from "./list-places.ts";
import type { Reading } from "./list-reading.ts";
import { placeBehind, select } from "./list-stretch.ts";

/** Rows that were found, and the place up to which they were looked for, if the range does not end before it. */
type Tried = { readonly rows: readonly Row[]; readonly stop?: Position | undefined };

/** A place, and one that came as many rows behind it as are tried. */
type Tries = { readonly from: Position | undefined; readonly stop: Position };

/** What the filters hold for among the next rows of a range; if that is not all that is wanted, where these rows end. */
export async function tryFirst(reading: Reading, walked: Range, want: number): Promise<Tried> {
  const { engine, query, reach, places } = reading;
  const most = reach.rowsTried;
  if (engine.nests && query.at === undefined) {
    const rows = await select(reading, walked, { want, most });
    return rows.length >= want ? { rows } : { rows, stop: await placeBehind(reading, walked, most) };
  }
  const key = JSON.stringify(["tried", keyOf(reading, walked), query.order.descending]);
  const near = stopAhead(reading, places.find(key) as Tries | undefined);
  const found = near ? await select(reading, walked, { want, stop: near }) : [];
  if (found.length >= want) return { rows: found };
  const stop = await placeBehind(reading, walked, most);
  if (stop) places.keep(key, { from: query.after, stop } satisfies Tries);
  const behindNear = near ? { ...reading, query: { ...query, after: near } } : reading;
  const rest = await select(behindNear, walked, { want: want - found.length, stop });
  return { rows: [...found, ...rest], stop };
}

/**
 * Where a page of this list before had its rows end, if that is ahead and no farther than they may: to count a thousand rows
 * takes a tenth of the page, and most are full long before.
 */
function stopAhead({ query: { after, order } }: Reading, tries: Tries | undefined): Position | undefined {
  if (!tries) return undefined;
  const { from, stop } = tries;
  const sign = order.descending ? -1 : 1;
  const isBefore = (a: Position, b: Position): boolean => sign * comparePlaces(valuesOf(a), valuesOf(b)) < 0;
  const isBehind = from === undefined || (after !== undefined && !isBefore(after, from));
  return isBehind && (after === undefined || isBefore(after, stop)) ? stop : undefined;
}

function valuesOf(position: Position): readonly (string | number)[] {
  return position.map((value) => value ?? "");
}
