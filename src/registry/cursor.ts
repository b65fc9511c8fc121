import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Catalog, Event, Revision } from "../catalog/catalog.ts";
import type { View } from "../oci/view.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";

/** Hexadecimal digits of each of a cursor's two marks: enough that no other fits by chance. */
const MARK_LENGTH = 8;
const CURSOR = /^(?<revision>[0-9]{1,16})(?:-(?<event>[0-9a-f]{8})-(?<view>[0-9a-z]{3,8}))?$/;

/** A place in the log. As text a revision, or one with marks by which it is noticed when it is of another history. */
export type Cursor = {
  readonly revision: Revision;
  readonly marks?: { readonly event: string; readonly view: string };
};

/** Reads a cursor, or a revision alone. `PARAMETER_INVALID`. */
export function parseCursor(text: string, parameter: string): Cursor {
  const { revision = "", event, view } = CURSOR.exec(text)?.groups ?? {};
  if (revision === "" || !Number.isSafeInteger(Number(revision))) {
    throw new RegistryError(
      "PARAMETER_INVALID",
      `${parameter} is ${shown(text)}; it must be a revision, or a cursor as events carry it.`,
      { detail: { parameter } },
    );
  }
  return { revision: Number(revision), ...(event && view && { marks: { event, view } }) };
}

/** The cursor behind an event, for a reader who sees what the view shows. */
export function cursorBehind(event: Event, view: View | undefined): string {
  return `${event.revision}-${markOf(event)}-${markOfView(view)}`;
}

function markOf({ revision, time, type, repository, tag, digest, requestId }: Event): string {
  const text = `${revision} ${time.getTime()} ${type} ${repository} ${tag} ${digest} ${requestId}`;
  // Told apart is what came about by accident; nobody gains by a mark that fits.
  return crc32(text).toString(16).padStart(MARK_LENGTH, "0");
}

function markOfView(view: View | undefined): string {
  return view === undefined ? "all" : hash("sha256", view.key).slice(0, MARK_LENGTH);
}

/** The cursor at a revision. Of one whose event is no longer kept, or that has none, the revision alone. */
export async function cursorAt(
  catalog: Catalog,
  revision: Revision,
  view: View | undefined,
): Promise<string> {
  const event = await catalog.findEvent(revision);
  return event ? cursorBehind(event, view) : String(revision);
}

/**
 * The revision of a cursor, if what came before it is what its holder has seen.
 * @throws REVISION_EXPIRED when the log has another event there, or none yet: its holder has followed another registry, or
 * this one before it was restored from a backup; and when the reader may see other things than then
 */
export async function resume(
  catalog: Catalog,
  { revision, marks }: Cursor,
  view: View | undefined,
): Promise<Revision> {
  if (!marks) return revision;
  const { revision: newest } = await catalog.bounds();
  const event = await catalog.findEvent(revision);
  // One whose event is forgotten is refused by who reads on from there.
  if (revision > newest || (event && markOf(event) !== marks.event)) {
    throw expired(
      `What this cursor is of, revision ${revision}, has not happened here. The registry was restored from a backup, or it is another one.`,
    );
  }
  if (marks.view !== markOfView(view)) {
    throw expired("What you may see is not what it was when this cursor was given out.");
  }
  return revision;
}

function expired(why: string): RegistryError {
  return new RegistryError("REVISION_EXPIRED", `${why} List again, then follow from there.`, {
    detail: { parameter: "after" },
  });
}
