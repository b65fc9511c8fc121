import { Connection } from "./connection.ts";
import { bigContent, pushBlob } from "./content.ts";
import type { Row } from "./row.ts";

const MIB = 2 ** 20;

/** DESIGN §5: push of a 1 GiB blob. */
export const blobPush: Row = {
  id: "push",
  title: "push of a 1 GiB blob",
  unit: "MiB/s",
  budget: { ratio: 1 },
  runs: 5,
  async measure(registry, sizes) {
    const content = bigContent(sizes.blobBytes);
    using connection = await Connection.open(registry.port);
    const begun = performance.now();
    await pushBlob(connection, "bench/push", content);
    return content.length / MIB / ((performance.now() - begun) / 1000);
  },
};
