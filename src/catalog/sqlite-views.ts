import { shows, type View } from "../oci/view.ts";

/** Views that statements may name; what was not named for the longest goes first. */
const VIEWS_MAX = 1_000;
const views = new Map<string, View>();

/** The condition that a name is in a view. SQLite asks {@link seesIn}, which finds the view by its key. */
export function sees(name: string, view: View): { readonly sql: string; readonly values: readonly string[] } {
  views.delete(view.key);
  views.set(view.key, view);
  const [oldest] = views.keys();
  if (views.size > VIEWS_MAX && oldest !== undefined) views.delete(oldest);
  return { sql: `sees(${name}, ?) = 1`, values: [view.key] };
}

/** The function `sees` of every connection: 1 when the view of this key shows the name. */
export function seesIn(name: unknown, key: unknown): number {
  const view = views.get(String(key));
  if (!view) throw new Error("A statement asks for a view that is not known.");
  return shows(view, String(name)) ? 1 : 0;
}
