import { setTimeout } from "node:timers/promises";
import { residentBytes } from "./memory.ts";
import { start } from "./start.ts";
import type { Row } from "./row.ts";

const MIB = 2 ** 20;

/** Long enough for what a server does after its first answer: what it has not touched by then, it does not need. */
const SETTLE_MS = 3000;

/** DESIGN §5: resident memory of an idle server, freshly started over a data folder with content. */
export const idleMemory: Row = {
  ...start,
  id: "idle-memory",
  title: "resident memory, idle after a restart",
  unit: "MiB",
  budget: { atMost: 150 },
  runs: 3,
  async measure(registry) {
    await registry.stop();
    await registry.start();
    await setTimeout(SETTLE_MS);
    return (await residentBytes(registry.pid)).now / MIB;
  },
};
