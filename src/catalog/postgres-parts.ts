import type { Parts } from "./engine.ts";

/** Of entries that wait to be put in order, in KiB: every search goes through them, and the insert that fills it waits. */
const PENDING_KIB = 256;

/** PostgreSQL finds parts of texts by its extension pg_trgm. */
export const POSTGRES_PARTS: Parts = {
  index: (table) => [
    `create extension if not exists pg_trgm`,
    `create index ${table}_parts on ${table} using gin (lower(value) gin_trgm_ops)
      with (gin_pending_list_limit = ${PENDING_KIB})`,
  ],
  within: (text, part) => ({ sql: `${text} like ?`, values: [patternOf(part)] }),
  // Fenced off: the order would lead the planner to go through all rows by their id.
  find: (table, part, limit) => ({
    sql: `select page.* from (select f.* from ${table} f where lower(f.value) like ? offset 0) page
      order by page.id desc limit ?`,
    values: [patternOf(part), limit],
  }),
};

function patternOf(part: string): string {
  return `%${part.replaceAll(/[%_\\]/g, "\\$&")}%`;
}
