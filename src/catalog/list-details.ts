import { meaningOf, type PlatformMeaning } from "../oci/platform-meaning.ts";
import { isIndexed } from "./content.ts";
import type { Engine } from "./engine.ts";
import type { Filter } from "./filter.ts";
import { anyOf, type Condition } from "./list-orders.ts";
import { marksOf } from "./marks.ts";
import { placeholders } from "./rows.ts";
import type { KeyValue } from "./selector.ts";

/** How a filter looks into `content_…`, by digest. */
type Detail = { readonly table: string; readonly sql: string; readonly values: readonly string[] };

/** Keys that a text in JSON may seem to have: see {@link inRow}. */
const AMBIGUOUS: ReadonlySet<string> = new Set([",", ":"]);

/**
 * A condition that rows are looked at for. Of a bare comparison PostgreSQL believes that it leaves few rows, and then would
 * rather read and sort the whole table than go through the index that has them in order.
 */
export function lookedAt(sql: string): string {
  return `coalesce(${sql}, false)`;
}

// Not by `exists`: of each PostgreSQL makes a join, and of thirty it takes half a minute to find an order for these.
export function withDetail(table: string, { table: details, sql, values }: Detail): Filter {
  return {
    sql: `(select 1 from ${details} c where c.digest = f.digest and ${sql} limit 1) is not null`,
    values,
    looksUp: true,
    finder: {
      index: `${table}_digest`,
      sql: `f.digest in (select c.digest from ${details} c where ${sql})`,
      values,
      contents: { sql: `select 1 from ${details} c where ${sql}`, values },
    },
  };
}

function platformDetail({ forms, anyVariant }: PlatformMeaning): Detail {
  const table = "content_platform";
  if (!anyVariant) return { table, sql: `c.platform in (${placeholders(forms.length)})`, values: forms };
  const one = "c.platform >= ? and c.platform < ? and (c.platform = ? or c.platform >= ?)";
  return {
    table,
    sql: forms.length === 1 ? one : `(${forms.map(() => one).join(" or ")})`,
    values: forms.flatMap((form) => [form, `${form}0`, form, `${form}/`]),
  };
}

/** Rows say their platforms with spaces between them. */
export function platformFilter(table: string, platform: string, engine: Engine): Filter {
  const meaning = meaningOf(platform);
  const found = withDetail(table, platformDetail(meaning));
  const ends = meaning.anyVariant ? [" ", "/"] : [" "];
  const likes = meaning.forms.flatMap((form) =>
    ends.map((end) => engine.like("(' ' || f.platforms || ' ')", `* ${form}${end}*`)),
  );
  const marked = anyOf(meaning.forms.map((form) => hasMarks(marksOf({ platforms: [form] }))));
  const named = anyOf(likes);
  const sql = `${marked.sql} and ${lookedAt(named.sql)}`;
  return { ...found, sql, values: [...marked.values, ...named.values], looksUp: false };
}

/** Rows of manifests and their tags say what annotations and labels they have, save those that have very much. */
export function pairFilter(
  table: string,
  source: "annotation" | "label",
  { pair: { key, value }, engine }: { pair: KeyValue; engine: Engine },
): Filter {
  const isNamed = value === undefined;
  const found = withDetail(table, {
    table: `content_${source}`,
    sql: isNamed ? "c.key = ?" : "c.key = ? and c.value = ?",
    values: isNamed ? [key] : [key, value],
  });
  const among = { index: `${table}_annotated`, sql: "f.annotated > 0", values: [] };
  const has = source === "label" ? `${among.sql} and ${lookedAt("f.described = 1")}` : among.sql;
  if (isNamed || !isIndexed(key, value) || AMBIGUOUS.has(key)) {
    return { ...found, sql: `${has} and ${found.sql}`, among };
  }
  const marked = hasMarks(marksOf({ [`${source}s`]: { [key]: value } }));
  const member = inRow(`f.${source}s`, { key, value, engine });
  const sql = `${marked.sql} and ${has} and case when f.annotated = 2 then ${found.sql} else ${member.sql} end`;
  const values = [...marked.values, ...found.values, ...member.values];
  return { ...found, sql, values, looksUp: false, among };
}

/**
 * The condition that an object of texts, which `JSON.stringify` wrote, has a member. Looked for are a quote behind a brace or
 * a comma, the key, and the value. A quote inside of a text has a backslash before it: so the first of these begins a text or
 * ends one; and if it ends one, then up to the next quote, where the key would be, there is but a comma or a colon.
 */
function inRow(
  json: string,
  { key, value, engine }: { key: string; value: string; engine: Engine },
): Condition {
  const member = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  const { sql, values } = anyOf(["{", ","].map((before) => engine.parts.within(json, `${before}${member}`)));
  return { sql: lookedAt(sql), values };
}

function hasMarks(marks: number): Condition {
  return { sql: lookedAt("(f.marks & ?) = ?"), values: [marks, marks] };
}
