/** What a registry refuses, or cannot do: its code and its sentence. `UNREACHABLE` when it gives no answer. */
export class SupercargoError extends Error {
  override readonly name = "SupercargoError";
  /** A code such as `REVISION_EXPIRED`; docs/errors.md explains each. */
  readonly code: string;
  /** The status of the answer; 0 where there was none. */
  readonly status: number;
  readonly detail: unknown;
  /** How long the registry asks to wait before it is asked again, in milliseconds; absent where it says nothing of that. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    about: {
      code: string;
      status?: number;
      detail?: unknown;
      cause?: unknown;
      retryAfterMs?: number | undefined;
    },
  ) {
    super(message, { cause: about.cause });
    this.code = about.code;
    this.status = about.status ?? 0;
    this.detail = about.detail;
    this.retryAfterMs = about.retryAfterMs;
  }
}

/** The failure that an answer is. */
export async function failureOf(answer: Response): Promise<SupercargoError> {
  const { status } = answer;
  const retryAfterMs = waitIn(answer.headers.get("Retry-After"));
  const text = await answer.text().catch(() => "");
  try {
    const { errors } = JSON.parse(text) as { errors: { code: string; message: string; detail?: unknown }[] };
    const [first] = errors;
    if (first)
      return new SupercargoError(first.message, {
        code: first.code,
        status,
        detail: first.detail,
        retryAfterMs,
      });
  } catch {
    // Something between has answered.
  }
  return new SupercargoError(`The registry answered ${status}.`, { code: "UNKNOWN", status, retryAfterMs });
}

/** What `Retry-After` asks for, in milliseconds: seconds or a date (RFC 9110 section 10.2.3). */
function waitIn(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^[0-9]+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
