import { unwatchFile, watchFile } from "node:fs";

/** How often the file is looked at, in milliseconds. Looking at it by its name finds one that took its place, too. */
const LOOK_EVERY_MS = 1_000;

/** Calls back upon SIGHUP and whenever the file is another than before, until disposed of. Keeps no process alive. */
export function onPolicyChange(file: string, changed: () => void): Disposable {
  process.on("SIGHUP", changed);
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, changed);
  return {
    [Symbol.dispose](): void {
      process.off("SIGHUP", changed);
      unwatchFile(file, changed);
    },
  };
}
