import { randomBytes } from "node:crypto";
import { Connection, expectStatus } from "./connection.ts";
import { digestOf, pushBlob } from "./content.ts";
import type { Registry } from "./registries.ts";
import type { Row } from "./row.ts";

const CLIENTS = 8;
const BLOB_BYTES = 1024;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** A config as an image has one, of about {@link BLOB_BYTES}, new each time. */
function newConfig(): Uint8Array {
  const noise = randomBytes(BLOB_BYTES / 4).toString("hex");
  const config = {
    created: new Date().toISOString(),
    architecture: "amd64",
    os: "linux",
    config: { Labels: { noise } },
  };
  return Buffer.from(JSON.stringify(config).padEnd(BLOB_BYTES, " "));
}

/** Pushes one small image, new each time: a config, two layers, and the manifest under `tag`. */
export async function pushSmall(connection: Connection, repository: string, tag: string): Promise<void> {
  const config = newConfig();
  const descriptors = [
    {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: await pushBlob(connection, repository, config),
      size: config.length,
    },
  ];
  for (const layer of [randomBytes(BLOB_BYTES), randomBytes(BLOB_BYTES)]) {
    const digest = await pushBlob(connection, repository, layer);
    descriptors.push({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest,
      size: layer.length,
    });
  }
  const [first, ...layers] = descriptors;
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: first, layers }),
  );
  const answer = await connection.ask({
    method: "PUT",
    path: `/v2/${repository}/manifests/${tag}`,
    headers: { "Content-Type": MANIFEST_TYPE },
    body: manifest,
  });
  expectStatus(answer, 201, "push a manifest");
  if (answer.header("docker-content-digest") !== digestOf(manifest))
    throw new Error("another digest was stored");
}

/** Eight clients, each with its connection and its repository, push while `goOn` says so. Gives the number of pushes. */
export async function pushMany(
  registry: Registry,
  prefix: string,
  goOn: (pushed: number) => boolean,
): Promise<number> {
  let pushed = 0;
  const client = async (index: number): Promise<void> => {
    using connection = await Connection.open(registry.port);
    while (goOn(pushed)) {
      pushed += 1;
      await pushSmall(connection, `bench/${prefix}-${index}`, `v${pushed}`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
  return pushed;
}

/** DESIGN §5: small pushes per second, 8 clients. */
export const smallPush: Row = {
  id: "small-push",
  title: "small pushes (3 blobs of 1 KiB, 1 manifest by tag), 8 clients",
  unit: "/s",
  budget: { ratio: 5 },
  runs: 5,
  async measure(registry, sizes, round) {
    const begun = performance.now();
    const pushed = await pushMany(
      registry,
      `round${round}`,
      () => performance.now() - begun < sizes.rateSeconds * 1000,
    );
    return pushed / ((performance.now() - begun) / 1000);
  },
};
