/**
 * Every code a failure can carry: the closed set. `docs/errors.md` explains each; a test compares the two.
 * The first group is fixed by distribution-spec "Error Codes"; the second is what CNCF distribution added and
 * clients know; the third is ours over HTTP; the last never leaves the command line.
 */
export const ERROR_CODES = [
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "UNAUTHORIZED",
  "DENIED",
  "UNSUPPORTED",
  "TOOMANYREQUESTS",

  "PAGINATION_NUMBER_INVALID",
  "RANGE_INVALID",
  "TAG_INVALID",
  "UNAVAILABLE",
  "UNKNOWN",

  "PARAMETER_INVALID",
  "REQUEST_INVALID",
  "REVISION_EXPIRED",
  "REVISION_UNKNOWN",
  "ROUTE_UNKNOWN",
  "SIZE_EXCEEDED",
  "STORAGE_FULL",
  "WEBHOOK_UNKNOWN",

  "ADDRESS_IN_USE",
  "CATALOG_LOCKED",
  "CATALOG_NEWER",
  "CATALOG_UNREACHABLE",
  "CHECK_FAILED",
  "CONFIG_INVALID",
  "DATA_UNUSABLE",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * A failure its receiver can act on: the message says what was wrong, with which value, and what to do.
 * Anything else that is thrown is a bug or an outage, and its message is shown to nobody but the log.
 */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: ErrorCode;
  /** Facts a program can use, as JSON; shown to the client beside the message. */
  readonly detail: unknown;

  constructor(code: ErrorCode, message: string, options: { detail?: unknown; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
  }
}
