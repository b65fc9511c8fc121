import type { Definition } from "./definition.ts";
import { HttpSink } from "./http-sink.ts";
import type { Reach } from "./reachable.ts";
import type { Sink } from "./sink.ts";

/** What a sink is told of the registry that it delivers for. */
export type Origin = {
  /** Where clients reach the registry: the source of its events. */
  readonly source: () => string;
  readonly reach: Reach;
};

/** The sink of a webhook, by its URL. What only one of them needs is loaded when it is needed. */
export async function openSink(
  name: string,
  definition: Definition,
  { source, reach }: Origin,
): Promise<Sink> {
  const options = { name, definition, source: source(), reach };
  if (!definition.url.startsWith("nats:")) return new HttpSink(options);
  const { JetstreamSink } = await import("./jetstream-sink.ts");
  return new JetstreamSink(options);
}
