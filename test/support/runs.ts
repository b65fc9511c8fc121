/** How many times as often as usual properties are tried: more find what is rare, fewer take less time. */
const TIMES = Number(process.env["SUPERCARGO_TEST_RUNS"] ?? "1");
if (!(TIMES > 0)) throw new Error("SUPERCARGO_TEST_RUNS has to be a number above 0, such as 10 or 0.5.");

/** How often a property is tried, at least once: as often as this, or as many times that as `SUPERCARGO_TEST_RUNS` says. */
export function runs(usual: number): number {
  return Math.max(1, Math.round(usual * TIMES));
}
