import { SQLITE_PARTS } from "./sqlite-parts.ts";
import { sees } from "./sqlite-views.ts";

/** What is peculiar to SQLite's SQL. It keeps no statistics here, so it is told which index to use. */
export const DIALECT = {
  types: { integer: "integer", text: "text", bytes: "blob", id: "integer primary key" },
  bulk: {
    indexes: "select name, sql from sqlite_schema where type = 'index' and sql is not null",
    settle: [],
  },
  using: (index: string) => `indexed by ${index}`,
  again: { column: "rowid", using: "not indexed" },
  defers: true,
  // It sorts them all again.
  nests: false,
  // A glob that it can see SQLite looks at when it compiles the statement, anew each time. What has no wildcard is compared:
  // for a glob a function is called.
  like: (text: string, glob: string) =>
    /[*?]/.test(glob)
      ? { sql: `${text} glob +?`, values: [glob.replaceAll("[", "[[]")] }
      : { sql: `+${text} = ?`, values: [glob] },
  sees,
  parts: SQLITE_PARTS,
  // There is one node.
  announce: () => Promise.resolve(),
  listen: () => ({ [Symbol.dispose]() {} }),
} as const;
