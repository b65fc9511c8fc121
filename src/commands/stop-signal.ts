/**
 * How long after the first signal a second one ends the process at once, in milliseconds. Not sooner: npm passes on the
 * signal of a Ctrl-C that the terminal has sent to every process already, so one key press arrives twice.
 */
const IMPATIENT_AFTER_MS = 1000;

/**
 * Resolves with the first signal to stop: SIGTERM, SIGINT or one of those given. A later one ends the process at once, with
 * the code that shells give it.
 */
export function stopSignal(others: readonly NodeJS.Signals[] = []): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (signal: NodeJS.Signals, number: number): void => {
      first ??= performance.now();
      if (performance.now() - first > IMPATIENT_AFTER_MS) process.exit(128 + number);
      resolve(signal);
    };
    for (const signal of ["SIGTERM", "SIGINT", ...others]) process.on(signal, onSignal);
  });
}
