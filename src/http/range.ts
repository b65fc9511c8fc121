import type { ByteRange } from "../blobs/blobs.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";

const BYTES = /^bytes=(\d*)-(\d*)$/i;

/**
 * The part of a blob that a `Range` header asks for; undefined for all of it. A header that is not one range of bytes
 * is ignored, as RFC 9110 allows, and so is any for an empty blob: clients ask for `bytes=0-` of everything.
 * `RANGE_INVALID` when the range begins beyond the end.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, from, to] = BYTES.exec(header?.trim() ?? "") ?? [];
  if (size === 0 || from === undefined || to === undefined || from + to === "") return undefined;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) throw unsatisfiable(header ?? "", size);
  return { first, last };
}

function unsatisfiable(header: string, size: number): RegistryError {
  return new RegistryError(
    "RANGE_INVALID",
    `The range ${shown(header)} has no byte of the ${size} there are.`,
    { detail: { size } },
  );
}

/**
 * Where a chunk of an upload begins and how long it is, by its `Content-Range: <first>-<last>`; undefined without the
 * header. `RANGE_INVALID` when it is malformed (distribution-spec "Pushing a blob in chunks").
 */
export function parseContentRange(
  header: string | undefined,
): { offset: number; length: number } | undefined {
  if (header === undefined) return undefined;
  const [, first, last] = /^(?:bytes )?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? [];
  if (first === undefined || last === undefined || Number(first) > Number(last)) {
    throw new RegistryError(
      "RANGE_INVALID",
      `Content-Range is ${shown(header)}; it must be <first byte>-<last byte>.`,
    );
  }
  return { offset: Number(first), length: Number(last) - Number(first) + 1 };
}
