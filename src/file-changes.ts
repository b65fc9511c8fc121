import { stat } from "node:fs/promises";

/** What tells whether files are others than before: when they were written, how long they are, and which they are. */
export type FilesState = string;

/** The state of files now. Taken before they are read, no change of theirs is missed. */
export async function stateOf(paths: readonly string[]): Promise<FilesState> {
  const states = paths.map(async (path) => {
    // Looked at by its name, so that one that took its place is another.
    const { mtimeNs, size, ino } = await stat(path, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  });
  return (await Promise.all(states.map((one) => one.catch(() => "none")))).join("\n");
}

type Looking = {
  /** The state in which they were read last. */
  readonly from: FilesState;
  /** How often they are looked at, in milliseconds. */
  readonly lookMs: number;
  readonly changed: () => void;
};

/** Calls back whenever one of the files is another than before, until disposed of. Keeps no process alive. */
export function onFileChange(paths: readonly string[], { from, lookMs, changed }: Looking): Disposable {
  let last = from;
  let isOver = false;
  const look = async (): Promise<void> => {
    const now = await stateOf(paths);
    if (isOver || now === last) return;
    last = now;
    changed();
  };
  const timer = setInterval(() => void look(), lookMs).unref();
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearInterval(timer);
    },
  };
}
