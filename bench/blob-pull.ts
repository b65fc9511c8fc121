import { Connection, expectStatus } from "./connection.ts";
import { bigContent, pushBlob } from "./content.ts";
import type { Registry } from "./registries.ts";
import type { Row } from "./row.ts";

const MIB = 2 ** 20;
const REPOSITORY = "bench/pull";

/** What `prepare` pushed to each registry. */
const pushed = new WeakMap<Registry, string>();

/** DESIGN §5: pull of a 1 GiB blob, which lies in the page cache of the machine for both. */
export const blobPull: Row = {
  id: "pull",
  title: "pull of a 1 GiB blob",
  unit: "MiB/s",
  budget: { ratio: 1 },
  runs: 7,
  async prepare(registry, sizes) {
    using connection = await Connection.open(registry.port);
    pushed.set(registry, await pushBlob(connection, REPOSITORY, bigContent(sizes.blobBytes)));
  },
  async measure(registry, sizes) {
    using connection = await Connection.open(registry.port);
    const begun = performance.now();
    const answer = await connection.ask({
      method: "GET",
      path: `/v2/${REPOSITORY}/blobs/${pushed.get(registry)}`,
    });
    const seconds = (performance.now() - begun) / 1000;
    expectStatus(answer, 200, "pull a blob");
    if (answer.bodyBytes !== sizes.blobBytes)
      throw new Error(`${answer.bodyBytes} bytes came, not ${sizes.blobBytes}`);
    return answer.bodyBytes / MIB / seconds;
  },
};
