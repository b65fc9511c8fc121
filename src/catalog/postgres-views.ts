import type { Pattern } from "../oci/pattern.ts";
import type { NameRange } from "../oci/view.ts";
import type { Condition } from "./list-orders.ts";

/** The condition that a name is in one of some ranges, which are in order: half of them are ruled out by each step. */
export function seenIn(name: string, ranges: readonly NameRange[]): Condition {
  const [first, ...others] = ranges;
  if (first === undefined) return { sql: "1 = 0", values: [] };
  if (others.length === 0) return inRange(name, first);
  const middle = Math.ceil(ranges.length / 2);
  const below = seenIn(name, ranges.slice(0, middle));
  const above = seenIn(name, ranges.slice(middle));
  return {
    sql: `case when ${name} < ? then ${below.sql} else ${above.sql} end`,
    values: [ranges[middle]?.from ?? "", ...below.values, ...above.values],
  };
}

function inRange(name: string, { from, to, any }: NameRange): Condition {
  const parts: Condition[] = [{ sql: `${name} >= ?`, values: [from] }];
  if (to !== undefined) parts.push({ sql: `${name} < ?`, values: [to] });
  if (any) parts.push(fitting(name, any));
  return {
    sql: `(${parts.map(({ sql }) => sql).join(" and ")})`,
    values: parts.flatMap(({ values }) => values),
  };
}

/** The condition that a name fits all patterns of one of some. */
function fitting(name: string, any: NonNullable<NameRange["any"]>): Condition {
  const alternatives = any.map((all) => `(${all.map(() => `${name} ~ ?`).join(" and ")})`);
  return { sql: `(${alternatives.join(" or ")})`, values: any.flat().map(expressionOf) };
}

/** The regular expression of a pattern. */
function expressionOf({ segments }: Pattern): string {
  const wanted = segments.filter((segment, at) => segment !== "**" || segments[at - 1] !== "**");
  if (wanted.length === 1 && wanted[0] === "**") return "^";
  const parts = wanted.map((segment, at) => {
    if (segment === "**") return at === 0 ? "([^/]+/)*" : "(/[^/]+)*";
    const isFirst = at === 0 || (at === 1 && wanted[0] === "**");
    return (isFirst ? "" : "/") + segment.replaceAll(".", "\\.").replaceAll("*", "[^/]*");
  });
  return `^${parts.join("")}$`;
}
