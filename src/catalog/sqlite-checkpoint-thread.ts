/**
 * The thread of a {@link Checkpoints}: for each message it gets, it carries over as much of the log as nobody is reading, and
 * answers whether that was all of it. A message `false` ends it.
 */
import Database from "better-sqlite3";
import { parentPort, workerData } from "node:worker_threads";

const database = new Database(workerData as string);
// Flushes the log before, and the database after: only then may the log begin anew.
database.pragma("synchronous = normal");
const carryOver = database.prepare("pragma wal_checkpoint(passive)");

function isAllCarriedOver(): boolean {
  try {
    const { log, checkpointed } = carryOver.get() as { log: number; checkpointed: number };
    return log === checkpointed;
  } catch {
    // Nothing is lost while the log has it. The next one carries over more.
    return false;
  }
}

parentPort?.on("message", (goOn: boolean) => {
  if (!goOn) database.close();
  parentPort?.postMessage(goOn && isAllCarriedOver());
  if (!goOn) parentPort?.close();
});
