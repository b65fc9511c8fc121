import type { EventPage, Revision } from "../catalog/catalog.ts";
import type { Registry } from "./registry.ts";

/** A page of the log after a revision, oldest first. `REVISION_EXPIRED`, `REVISION_UNKNOWN`. */
export function listEvents(registry: Registry, page: { after: Revision; limit: number }): Promise<EventPage> {
  return registry.catalog.events(page);
}
