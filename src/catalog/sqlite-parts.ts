import type { Parts } from "./engine.ts";

/** Rows that have all trigrams of a part, which are looked at for the part itself. */
const ROWS_LOOKED_AT_MAX = 20_000;
/** Trigrams of a part that are looked up: more of them seldom rule out more. */
const TRIGRAMS_MAX = 12;

/** SQLite finds parts of texts by its full-text index, FTS5, which it keeps in a table of its own. */
export const SQLITE_PARTS: Parts = {
  index: (table) => [
    `create virtual table ${table}_parts using fts5(
      value, content = '${table}', content_rowid = 'id', tokenize = 'trigram', detail = 'none', columnsize = 0)`,
    `create trigger ${table}_added after insert on ${table} begin
      insert into ${table}_parts (rowid, value) values (new.id, new.value); end`,
    `create trigger ${table}_gone after delete on ${table} begin
      insert into ${table}_parts (${table}_parts, rowid, value) values ('delete', old.id, old.value); end`,
    `insert into ${table}_parts (rowid, value) select id, value from ${table} order by id`,
  ],
  within: (text, part) => ({ sql: `instr(${text}, ?) > 0`, values: [part] }),
  find: (table, part, limit) => ({
    sql: `select f.* from (
        select rowid as id from ${table}_parts where ${table}_parts match ? order by rowid desc limit ${ROWS_LOOKED_AT_MAX}
      ) page cross join ${table} f where f.id = page.id and instr(lower(f.value), ?) > 0 order by f.id desc limit ?`,
    values: [trigramsOf(part), part, limit],
  }),
};

/** An FTS5 expression for all of the part's trigrams: of letters and digits, so that nothing in it is syntax. */
function trigramsOf(part: string): string {
  const runs = part.match(/[a-z0-9]{3,}/g) ?? [];
  const trigrams = runs.flatMap((run) =>
    Array.from({ length: run.length - 2 }, (_, start) => `"${run.slice(start, start + 3)}"`),
  );
  return [...new Set(trigrams)].slice(0, TRIGRAMS_MAX).join(" AND ");
}
