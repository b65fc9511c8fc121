import type { Revision } from "./catalog.ts";
import type { Engine, Value } from "./engine.ts";
import type { Lease, Progress, Webhook, Webhooks } from "./webhooks.ts";

/** There is one lease, for all deliveries. */
const LEASE = "webhooks";

type Row = {
  name: string;
  definition: string;
  configured: number;
  created: number;
  generation: number;
  cursor: number;
  paused: string | null;
  failures: number;
  error: string | null;
  failed: number | null;
  retry: number | null;
  delivered: number | null;
};

/** Webhooks in the database of a catalog. */
export class SqlWebhooks implements Webhooks {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async list(): Promise<Webhook[]> {
    return (await this.#engine.all<Row>(`select * from webhook order by name`)).map(webhookOf);
  }

  async find(name: string): Promise<Webhook | undefined> {
    const [row] = await this.#engine.all<Row>(`select * from webhook where name = ?`, [name]);
    return row && webhookOf(row);
  }

  put(
    { name, definition, isConfigured }: Pick<Webhook, "name" | "definition" | "isConfigured">,
    cursor: Revision,
  ): Promise<boolean> {
    return this.#engine.transaction(async (tx) => {
      const values: Value[] = [definition, Number(isConfigured), name];
      const changed = await tx.run(
        `update webhook set definition = ?, configured = ?, generation = generation + 1 where name = ?`,
        values,
      );
      if (changed > 0) return false;
      const now = Date.now();
      const added = await tx.run(
        `insert into webhook (definition, configured, name, created, generation, replayed, cursor, failures)
          values (?, ?, ?, ?, ?, ?, ?, 0) on conflict do nothing`,
        // One of the same name that is gone had a lower generation: what is still delivered to it is not noted here.
        [...values, now, now, now, cursor],
      );
      return added > 0;
    });
  }

  remove(name: string): Promise<boolean> {
    return this.#changes(`delete from webhook where name = ?`, [name]);
  }

  steer(name: string, { paused, cursor }: Parameters<Webhooks["steer"]>[1]): Promise<boolean> {
    return this.#changes(
      `update webhook set paused = ?, cursor = coalesce(?, cursor), failures = 0, retry = null,
          generation = generation + 1, replayed = case when cast(? as bigint) is null then replayed else generation + 1 end
        where name = ?`,
      [paused ?? null, cursor ?? null, cursor ?? null, name],
    );
  }

  note(
    name: string,
    { generation, holder }: Parameters<Webhooks["note"]>[1],
    progress: Progress,
  ): Promise<boolean> {
    const { cursor, paused, failures, error, retry, delivered } = progress;
    const told: readonly (readonly [column: string, type: "text" | "bigint", value: Value])[] = [
      ["paused", "text", paused ?? null],
      ["failures", "bigint", failures],
      ["error", "text", error?.reason ?? null],
      ["failed", "bigint", error?.time.getTime() ?? null],
      ["retry", "bigint", retry?.getTime() ?? null],
      ["delivered", "bigint", delivered?.getTime() ?? null],
    ];
    // Inside of an expression PostgreSQL does not know what type a parameter has.
    const columns = told.map(
      ([column, type]) => `${column} = case when generation = ? then cast(? as ${type}) else ${column} end`,
    );
    return this.#changes(
      `update webhook set cursor = ?, ${columns.join(", ")} where name = ? and replayed <= ? and cast(? as bigint) <= generation
          and exists (select 1 from lease where lease.name = ? and lease.holder = ?)`,
      [
        cursor,
        ...told.flatMap(([, , value]) => [generation, value]),
        name,
        generation,
        generation,
        LEASE,
        holder,
      ],
    );
  }

  async lease(): Promise<Lease | undefined> {
    const [row] = await this.#engine.all<Lease>(`select holder, beat from lease where name = ?`, [LEASE]);
    return row;
  }

  take(holder: string, seen: Lease | undefined): Promise<boolean> {
    if (!seen) {
      return this.#changes(`insert into lease (name, holder, beat) values (?, ?, 1) on conflict do nothing`, [
        LEASE,
        holder,
      ]);
    }
    return this.#changes(
      `update lease set holder = ?, beat = beat + 1 where name = ? and holder = ? and beat = ?`,
      [holder, LEASE, seen.holder, seen.beat],
    );
  }

  async #changes(sql: string, values: readonly Value[]): Promise<boolean> {
    return (await this.#engine.transaction((tx) => tx.run(sql, values))) > 0;
  }
}

function webhookOf(row: Row): Webhook {
  const { name, definition, configured, created, generation, cursor, failures } = row;
  return {
    name,
    definition,
    isConfigured: configured === 1,
    created: new Date(created),
    generation,
    progress: {
      cursor,
      failures,
      ...(row.paused !== null && { paused: row.paused }),
      ...(row.error !== null && { error: { reason: row.error, time: new Date(row.failed ?? 0) } }),
      ...(row.retry !== null && { retry: new Date(row.retry) }),
      ...(row.delivered !== null && { delivered: new Date(row.delivered) }),
    },
  };
}
