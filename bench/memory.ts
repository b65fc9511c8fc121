import { readFile, writeFile } from "node:fs/promises";

/** The kernel's word for "reset VmHWM" in `/proc/<pid>/clear_refs` (Linux, proc(5)). */
const RESET_PEAK = "5";

/** Resident memory of a process in bytes: now, and at its highest since {@link forgetPeak}. Linux only. */
export async function residentBytes(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** Makes the peak of a process what it uses now. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, RESET_PEAK);
}
