import type { Revision } from "../catalog/catalog.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";
import type { View } from "../oci/view.ts";
import { parseCursor, resume } from "../registry/cursor.ts";
import { readMoment } from "../registry/selector.ts";
import type { Call } from "./call.ts";
import type { EventForm } from "./event-stream.ts";
import type { Query } from "./query.ts";

/** The parameters that say where events begin. */
export const PLACES: readonly string[] = ["after", "since", "snapshot"];

/**
 * Where events begin: behind the last one that a stream was told (`Last-Event-ID`, by which browsers go on, whatever their
 * address says), with the present, behind `after`, or at a time. `PARAMETER_INVALID`, `REVISION_EXPIRED`,
 * `REVISION_UNKNOWN`.
 */
export async function placeOf(
  { query, registry, request }: Call,
  { view, form }: { readonly view: View | undefined; readonly form: EventForm },
): Promise<Revision | "present"> {
  const { catalog } = registry.tail;
  const isSnapshot = readSnapshot(query, form);
  const last = request.headers["last-event-id"];
  if (typeof last === "string" && last !== "") {
    return resume(catalog, parseCursor(last, "Last-Event-ID"), view);
  }
  if (isSnapshot) return "present";
  const [after, since] = [query.get("after"), query.get("since")];
  if (!since) return after ? resume(catalog, parseCursor(after, "after"), view) : 0;
  if (after) {
    throw invalid(
      "since",
      "since and after both say where the page begins; send since for the first page, and follow its Link.",
    );
  }
  const moment = readMoment(since, { parameter: "since" });
  // What happened at this very time belongs to it.
  return "revision" in moment ? moment.revision : catalog.revisionAt(new Date(moment.time.getTime() - 1));
}

function readSnapshot(query: Query, form: EventForm): boolean {
  const text = query.get("snapshot");
  if (!text) return false;
  if (text !== "true") {
    throw invalid("snapshot", `snapshot is ${shown(text)}; it must be true, or left out.`);
  }
  const other = PLACES.find((name) => name !== "snapshot" && query.get(name));
  if (other !== undefined) {
    const sentence = `snapshot=true begins with what there is, and ${other} somewhere else; send one of them.`;
    throw invalid("snapshot", sentence);
  }
  if (form === "page") {
    const types = "Accept: text/event-stream, or application/x-ndjson";
    throw invalid("snapshot", `snapshot=true is for streams: send ${types}.`);
  }
  return true;
}

function invalid(parameter: string, message: string): RegistryError {
  return new RegistryError("PARAMETER_INVALID", message, { detail: { parameter } });
}
