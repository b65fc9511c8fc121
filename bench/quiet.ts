import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const SAMPLE_MS = 250;
/** Share of the processors that is idle on a machine where nobody else works. */
const IDLE_MIN = 0.9;

/**
 * Waits until the disk has what was left to write and nobody else works on this machine, for `waitMsMax` at the most:
 * what others do on two cores changes a ratio by half. Gives whether it is quiet now.
 */
export async function isQuiet(waitMsMax: number): Promise<boolean> {
  const deadline = performance.now() + waitMsMax;
  await promisify(execFile)("sync");
  for (;;) {
    const before = idleMs();
    const begun = performance.now();
    await setTimeout(SAMPLE_MS);
    const idle = (idleMs() - before) / ((performance.now() - begun) * cpus().length);
    if (idle >= IDLE_MIN) return true;
    if (performance.now() > deadline) return false;
  }
}

function idleMs(): number {
  return cpus().reduce((sum, cpu) => sum + cpu.times.idle, 0);
}
