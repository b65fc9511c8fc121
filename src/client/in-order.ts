/**
 * What a function gives for each item, in the order of the items, with up to `window` of them under way at a time. If
 * one fails, or nobody takes more, no further one is begun.
 */
export async function* inOrder<In, Out>(
  items: AsyncIterable<In> | Iterable<In>,
  { window, of }: { window: number; of: (item: In) => Promise<Out> },
): AsyncGenerator<Out> {
  const running: Promise<Out>[] = [];
  for await (const item of items) {
    const result = of(item);
    // It is looked at only when those before it are done; until then its failure is nobody's to handle.
    result.catch(() => undefined);
    running.push(result);
    const first = running.length >= window ? running.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const result of running) yield await result;
}
