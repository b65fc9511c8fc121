import { RegistryError } from "../errors.ts";

/** How long each part may take to answer, in milliseconds. Shorter than the patience of those who ask `/readyz`. */
const PROBE_MS_MAX = 2000;

/**
 * Asks every part for a sign of life, all at once.
 * @throws UNAVAILABLE naming the parts that failed or did not answer in time
 */
export async function ready(parts: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  const outcomes = await Promise.all(
    Object.entries(parts).map(async ([name, probe]) => ({ name, error: await failureOf(probe) })),
  );
  const failed = outcomes.filter(({ error }) => error !== undefined);
  if (failed.length === 0) return;
  const names = failed.map(({ name }) => name);
  throw new RegistryError("UNAVAILABLE", `Not ready: no answer from the ${names.join(" and the ")}.`, {
    detail: { failed: names },
    cause: causeOf(failed.map(({ error }) => error)),
  });
}

/** Logs follow causes one by one, so those of several parts are told in one message. */
function causeOf(errors: readonly unknown[]): unknown {
  return errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(String).join("; "));
}

/** Why a probe failed; `undefined` when it did not. */
async function failureOf(probe: () => Promise<unknown>): Promise<unknown> {
  const silence = Promise.withResolvers<Error>();
  const timer = setTimeout(
    () => silence.resolve(new Error(`no answer within ${PROBE_MS_MAX} ms`)),
    PROBE_MS_MAX,
  );
  const outcome = probe().then(
    () => undefined,
    (error: unknown) => error ?? new Error("failed"),
  );
  try {
    return await Promise.race([outcome, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}
