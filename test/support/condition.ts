import { setTimeout as delay } from "node:timers/promises";

const LOOK_EVERY_MS = 5;
/** Longest wait, in milliseconds: only something that never happens takes so long. */
const PATIENCE_MS = 20_000;

/** Resolves with what `look` finds as soon as it finds something; throws, saying what was waited for, if it never does. */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}
