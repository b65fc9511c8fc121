import { matches } from "../oci/pattern.ts";
import type { Engine } from "./engine.ts";
import type { Condition } from "./list-orders.ts";
import type { NameRange, View } from "./view.ts";

/** True when the view shows repositories of this name. */
export function shows({ ranges }: View, name: string): boolean {
  return ranges.some(
    ({ from, to, any }) =>
      from <= name &&
      (to === undefined || name < to) &&
      (any === undefined || any.some((all) => all.every((pattern) => matches(pattern, name)))),
  );
}

/** The condition that a column has the name of a repository that is shown: looked up, however many ranges there are. */
export function seenCondition(engine: Engine, column: string, ranges: readonly NameRange[]): Condition {
  const [first, ...others] = ranges;
  if (first === undefined) return { sql: "1 = 0", values: [] };
  if (others.length === 0) return withinRange(engine, column, first);
  const middle = Math.ceil(ranges.length / 2);
  const below = seenCondition(engine, column, ranges.slice(0, middle));
  const above = seenCondition(engine, column, ranges.slice(middle));
  return {
    sql: `case when ${column} < ? then ${below.sql} else ${above.sql} end`,
    values: [ranges[middle]?.from ?? "", ...below.values, ...above.values],
  };
}

function withinRange(engine: Engine, column: string, { from, to, any }: NameRange): Condition {
  const fitting = any && anyCondition(engine, column, any);
  return {
    sql: `(${column} >= ?${to === undefined ? "" : ` and ${column} < ?`}${fitting ? ` and ${fitting.sql}` : ""})`,
    values: [from, ...(to === undefined ? [] : [to]), ...(fitting?.values ?? [])],
  };
}

/** The condition that a name fits all patterns of one of some. */
export function anyCondition(engine: Engine, column: string, any: NonNullable<NameRange["any"]>): Condition {
  const parts = any.map((all) => all.map((pattern) => engine.fits(column, pattern)));
  return {
    sql: `(${parts.map((all) => `(${all.map(({ sql }) => sql).join(" and ")})`).join(" or ")})`,
    values: parts.flat().flatMap(({ values }) => values),
  };
}

/** The parts of the view that lie between two names; without an end, to the last name there may be. */
export function rangesWithin({ ranges }: View, from: string, to: string | undefined): NameRange[] {
  return ranges.flatMap((range) => {
    const start = range.from < from ? from : range.from;
    const end = to === undefined || (range.to !== undefined && range.to < to) ? range.to : to;
    return end !== undefined && end <= start ? [] : [{ from: start, to: end, any: range.any }];
  });
}
