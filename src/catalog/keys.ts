import type { KeyStore, StoredKey } from "../access/keys.ts";
import type { Queryable } from "./engine.ts";
import { makeTables } from "./tables.ts";

const TABLE = `create table if not exists signing_key (kid text primary key, created bigint not null, jwk text not null)`;

type Row = { kid: string; created: number; jwk: string };

/** Keys in the database that nodes share. Makes its table when it is not there. */
export async function openKeys(database: Queryable): Promise<KeyStore> {
  await makeTables(database, [TABLE]);
  return {
    async read() {
      const rows = await database.all<Row>(`select * from signing_key`);
      return rows.map(({ kid, created, jwk }) => ({
        kid,
        created: new Date(created),
        jwk: JSON.parse(jwk) as StoredKey["jwk"],
      }));
    },
    async add({ kid, created, jwk }) {
      await database.run(
        `insert into signing_key (kid, created, jwk) values (?, ?, ?) on conflict do nothing`,
        [kid, created.getTime(), JSON.stringify(jwk)],
      );
    },
    async remove(kid) {
      await database.run(`delete from signing_key where kid = ?`, [kid]);
    },
  };
}
