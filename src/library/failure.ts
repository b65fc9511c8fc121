/** What a registry refuses, or cannot do: its code and its sentence. `UNREACHABLE` when it gives no answer. */
export class SupercargoError extends Error {
  override readonly name = "SupercargoError";
  /** A code such as `REVISION_EXPIRED`; docs/errors.md explains each. */
  readonly code: string;
  /** The status of the answer; 0 where there was none. */
  readonly status: number;
  readonly detail: unknown;

  constructor(message: string, about: { code: string; status?: number; detail?: unknown; cause?: unknown }) {
    super(message, { cause: about.cause });
    this.code = about.code;
    this.status = about.status ?? 0;
    this.detail = about.detail;
  }
}

/** The failure that an answer is. */
export async function failureOf(answer: Response): Promise<SupercargoError> {
  const { status } = answer;
  const text = await answer.text().catch(() => "");
  try {
    const { errors } = JSON.parse(text) as { errors: { code: string; message: string; detail?: unknown }[] };
    const [first] = errors;
    if (first) return new SupercargoError(first.message, { code: first.code, status, detail: first.detail });
  } catch {
    // Something between has answered.
  }
  return new SupercargoError(`The registry answered ${status}.`, { code: "UNKNOWN", status });
}
