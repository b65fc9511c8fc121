import type { Engine } from "./engine.ts";
import type { Order } from "./items.ts";
import type { Range } from "./list-orders.ts";
import type { View } from "./view.ts";
import { anyCondition, rangesWithin } from "./view-conditions.ts";

/** Stretches of a list by name that a view leaves of others, in the order of the list. */
export function seenRanges(
  engine: Engine,
  ranges: readonly Range[],
  { view, order }: { view: View; order: Order },
): Range[] {
  return ranges.flatMap((range) => {
    const column = `f.${range.by[0]}`;
    const to = range.to === undefined ? undefined : String(range.to);
    const seen = rangesWithin(view, String(range.from ?? ""), to).map(({ any, ...bounds }) => ({
      ...range,
      ...bounds,
      ...(any && { holds: anyCondition(engine, column, any) }),
    }));
    return order.descending ? seen.toReversed() : seen;
  });
}
