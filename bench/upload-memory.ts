import { Connection } from "./connection.ts";
import { bigContent, pushBlob } from "./content.ts";
import { forgetPeak, residentBytes } from "./memory.ts";
import type { Row } from "./row.ts";

const MIB = 2 ** 20;

/** DESIGN §5: what a 5 GiB upload adds to the resident memory at its peak, on a server that has done nothing yet. */
export const uploadMemory: Row = {
  id: "upload-memory",
  title: "memory that a 5 GiB upload adds at its peak",
  unit: "MiB",
  budget: { atMost: 64 },
  runs: 2,
  async measure(registry, sizes) {
    await registry.stop();
    await registry.start();
    const content = bigContent(sizes.uploadBytes);
    using connection = await Connection.open(registry.port);
    await forgetPeak(registry.pid);
    const before = await residentBytes(registry.pid);
    await pushBlob(connection, "bench/upload", content);
    const after = await residentBytes(registry.pid);
    return (after.peak - before.now) / MIB;
  },
};
