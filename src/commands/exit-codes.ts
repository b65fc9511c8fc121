import type { ErrorCode } from "../errors.ts";

/** The command or the configuration is wrong: trying again changes nothing. */
export const EXIT_USAGE = 2;

/**
 * What the process says of each failure when it ends: 0 done, 1 failed, 2 wrong command or configuration, 3 there is no
 * such thing, 4 not allowed, 5 no answer (try again later), 6 in use by another program, 7 the data cannot be used,
 * 8 a check found faults.
 */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  BLOB_UNKNOWN: 3,
  BLOB_UPLOAD_INVALID: 1,
  BLOB_UPLOAD_UNKNOWN: 3,
  DIGEST_INVALID: EXIT_USAGE,
  MANIFEST_BLOB_UNKNOWN: 3,
  MANIFEST_INVALID: 1,
  MANIFEST_UNKNOWN: 3,
  NAME_INVALID: EXIT_USAGE,
  NAME_UNKNOWN: 3,
  SIZE_INVALID: 1,
  UNAUTHORIZED: 4,
  DENIED: 4,
  UNSUPPORTED: 1,
  TOOMANYREQUESTS: 5,
  PAGINATION_NUMBER_INVALID: EXIT_USAGE,
  RANGE_INVALID: 1,
  TAG_INVALID: EXIT_USAGE,
  UNAVAILABLE: 5,
  UNKNOWN: 1,
  PARAMETER_INVALID: EXIT_USAGE,
  REQUEST_INVALID: 1,
  REVISION_EXPIRED: 3,
  REVISION_UNKNOWN: 3,
  ROUTE_UNKNOWN: 3,
  SIZE_EXCEEDED: 1,
  STORAGE_FULL: 7,
  WEBHOOK_UNKNOWN: 3,
  ADDRESS_IN_USE: 6,
  CATALOG_LOCKED: 6,
  CATALOG_NEWER: 7,
  CATALOG_UNREACHABLE: 5,
  CHECK_FAILED: 8,
  CONFIG_INVALID: EXIT_USAGE,
  DATA_UNUSABLE: 7,
};
