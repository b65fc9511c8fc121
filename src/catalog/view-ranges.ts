import type { Engine } from "./engine.ts";
import type { Order } from "./items.ts";
import type { Range } from "./list-orders.ts";
import type { NameRange, View } from "../oci/view.ts";

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
      ...(any && { holds: engine.sees(column, view) }),
    }));
    return order.descending ? seen.toReversed() : seen;
  });
}

/** The parts of the view that lie between two names; without an end, to the last name there may be. */
export function rangesWithin({ ranges }: View, from: string, to: string | undefined): NameRange[] {
  return ranges.flatMap((range) => {
    const start = range.from < from ? from : range.from;
    const end = to === undefined || (range.to !== undefined && range.to < to) ? range.to : to;
    return end !== undefined && end <= start ? [] : [{ from: start, to: end, any: range.any }];
  });
}
