import { pushMany } from "./small-push.ts";
import type { Row } from "./row.ts";

/** DESIGN §5: from the spawn of the process to its first 200 of `/v2/`, over a data folder with content. */
export const start: Row = {
  id: "start",
  title: "start until answering, data folder with content",
  unit: "ms",
  budget: { atMost: 500 },
  runs: 5,
  async prepare(registry, sizes) {
    await pushMany(registry, "content", (pushed) => pushed < sizes.contentPushes);
  },
  async measure(registry) {
    await registry.stop();
    return await registry.start();
  },
};
