import pino, { type DestinationStream } from "pino";

/** How much of the log may wait for a reader that has stopped reading, in bytes. What comes then is dropped. */
const WAITING_BYTES_MAX = 16 * 2 ** 20;
/** Lines are written together when they are so many bytes, or after so many milliseconds: each write wakes a thread. */
const TOGETHER_BYTES = 128 * 2 ** 10;
const TOGETHER_BYTES_MAX = 2 * TOGETHER_BYTES;
const FLUSH_MS = 100;
const STDOUT = 1;

/** Writes lines to standard output in the order of their making, many at once under load; what is left goes out at exit. */
export function logLines(): DestinationStream {
  const lines = pino.destination({
    dest: STDOUT,
    sync: false,
    minLength: TOGETHER_BYTES,
    maxWrite: TOGETHER_BYTES_MAX,
    periodicFlush: FLUSH_MS,
    maxLength: WAITING_BYTES_MAX,
    contentMode: "buffer",
  });
  // As text, all that waits would be measured again with every line. The type of `write` knows only of text.
  const write = (text: string): boolean => lines.write(Buffer.from(text) as unknown as string);
  // Those of one turn of the event loop become bytes together: for each by itself, that costs as much as to make it.
  let turn = "";
  const endTurn = (): void => {
    if (turn !== "") write(turn);
    turn = "";
  };
  // Before what is left goes out.
  process.prependListener("exit", endTurn);
  return {
    write(line) {
      if (turn === "") setImmediate(endTurn);
      turn += line;
    },
  };
}
