import { type FilesState, onFileChange } from "../file-changes.ts";

/** How often the file is looked at, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Calls back upon SIGHUP and whenever the file is another than it was in a state, until disposed of. Keeps no process alive. */
export function onPolicyChange(file: string, from: FilesState, changed: () => void): Disposable {
  process.on("SIGHUP", changed);
  const changes = onFileChange([file], { from, lookMs: LOOK_EVERY_MS, changed });
  return {
    [Symbol.dispose](): void {
      process.off("SIGHUP", changed);
      changes[Symbol.dispose]();
    },
  };
}
