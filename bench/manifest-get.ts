import { Connection, expectStatus } from "./connection.ts";
import { pushSmall } from "./small-push.ts";
import type { Row } from "./row.ts";

const CONNECTIONS = 16;
const TAGS = 100;
const REPOSITORY = "bench/get";
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** DESIGN §5: manifest GET by tag per second, 16 connections. */
export const manifestGet: Row = {
  id: "get",
  title: `manifest GET by tag (${TAGS} tags in turn), ${CONNECTIONS} connections`,
  unit: "/s",
  budget: { ratio: 10 },
  runs: 5,
  async prepare(registry) {
    using connection = await Connection.open(registry.port);
    for (let tag = 0; tag < TAGS; tag += 1) await pushSmall(connection, REPOSITORY, `v${tag}`);
  },
  async measure(registry, sizes) {
    let asked = 0;
    const begun = performance.now();
    const client = async (): Promise<void> => {
      using connection = await Connection.open(registry.port);
      while (performance.now() - begun < sizes.rateSeconds * 1000) {
        asked += 1;
        const path = `/v2/${REPOSITORY}/manifests/v${asked % TAGS}`;
        const answer = await connection.ask({ method: "GET", path, headers: { Accept: ACCEPT } });
        expectStatus(answer, 200, "get a manifest");
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    return asked / ((performance.now() - begun) / 1000);
  },
};
