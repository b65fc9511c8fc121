import { attestationOf, fileOf, sbomOf, signatureOf, signatureTag } from "./attachments.ts";
import { chartOf } from "./chart.ts";
import { type Artifact, indexOf } from "./content.ts";
import { imageOf } from "./image.ts";
import type { Pusher } from "./pusher.ts";
import { type Chart, CHARTS, type Product, PRODUCTS, type Release } from "./stock.ts";

/** How many repositories are pushed to at a time. */
const CONCURRENCY = 8;
const FIRST_RELEASE = Date.UTC(2026, 0, 5, 8);
const DAY_MS = 86_400_000;

const POLICIES = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego";
const WEIGHTS = "application/vnd.example.model.weights.v1";

/** The repositories in which something happens after everything is there. */
export const BUSY = { repository: "shop/backend/payments/api", tag: "latest" } as const;
const PRUNED = { repository: "shop/backend/orders/api", tag: "2.0.0-rc.1" } as const;
const EMPTIED = "sandbox/scratchpad";

/**
 * Pushes everything, each repository in the order of its releases. Then a busy hour: a hotfix that is rolled back, a tag
 * deleted. Resolves with the revision at which that hour began.
 */
export async function fill(pusher: Pusher): Promise<number> {
  const jobs = [
    ...PRODUCTS.map((product) => () => pushProduct(pusher, product)),
    ...CHARTS.map((chart) => () => pushChart(pusher, chart)),
    () => pusher.push("policies/admission", fileOf(POLICIES, POLICY), ["1.0.0", "latest"]),
    () => pusher.push("ml/vision/weights", fileOf(WEIGHTS, MODEL), ["2026-01"]),
    () => pushAndDelete(pusher),
  ].values();
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (const job of jobs) await job();
  });
  await Promise.all(workers);
  const revision = await pusher.revision();
  await busyHour(pusher);
  return revision;
}

async function pushProduct(pusher: Pusher, product: Product): Promise<void> {
  const { repository, signed, sbom } = product;
  for (const [at, release] of product.releases.entries()) {
    const artifact = releaseOf(product, release, at);
    const about = { repository, version: release.version };
    await pusher.push(repository, artifact, release.tags);
    if (signed !== undefined) {
      const hasSubject = signed === "by subject";
      const signature = signatureOf(artifact, about, { hasSubject });
      await pusher.push(repository, signature, hasSubject ? [] : [signatureTag(artifact)]);
    }
    if (sbom) await pusher.push(repository, sbomOf(artifact, about), []);
  }
}

/** An image, or an index of images where there are several platforms. */
function releaseOf(product: Product, { version }: Release, at: number): Artifact {
  const { repository, team, description, platforms, attested } = product;
  const created = new Date(FIRST_RELEASE + at * DAY_MS);
  const annotations = {
    "org.opencontainers.image.title": repository,
    "org.opencontainers.image.description": description,
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.source": `https://git.example.com/${repository}`,
    "org.opencontainers.image.created": created.toISOString(),
  };
  const labels = { team, ...annotations };
  const program = repository.split("/").at(-1) ?? repository;
  const images = platforms.map((platform) =>
    imageOf({ ...product, program, version, platform, created, labels, annotations }),
  );
  const [only, ...others] = images;
  if (only !== undefined && others.length === 0) return only;
  const attestations = attested ? images.map((image) => attestationOf(image, { repository, version })) : [];
  return indexOf([...images, ...attestations], annotations);
}

async function pushChart(pusher: Pusher, { name, description, versions }: Chart): Promise<void> {
  for (const [at, version] of versions.entries()) {
    const created = new Date(FIRST_RELEASE + at * DAY_MS);
    // No tag can hold a plus; Helm writes it so.
    const tag = version.replaceAll("+", "_");
    await pusher.push(`charts/${name}`, chartOf({ name, version, description, created }), [tag]);
  }
}

/** Leaves an empty repository. */
async function pushAndDelete(pusher: Pusher): Promise<void> {
  const note = fileOf("text/plain", { title: "note.txt", text: "Nothing is here any more.\n" });
  await pusher.push(EMPTIED, note, ["latest"]);
  await pusher.delete(EMPTIED, note.manifest.descriptor.digest);
}

async function busyHour(pusher: Pusher): Promise<void> {
  const product = PRODUCTS.find(({ repository }) => repository === BUSY.repository);
  const last = product?.releases.at(-1);
  if (product === undefined || last === undefined) throw new Error(`${BUSY.repository} has no release`);
  const count = product.releases.length;
  const hotfix = { version: "2.1.1", tags: ["2.1.1", BUSY.tag] };
  await pusher.push(BUSY.repository, releaseOf(product, hotfix, count), hotfix.tags);
  await pusher.push(BUSY.repository, releaseOf(product, last, count - 1), [BUSY.tag]);
  await pusher.delete(PRUNED.repository, PRUNED.tag);
}

const POLICY = {
  title: "admission.rego",
  text: 'package admission\n\ndeny contains "no image without a signature" if not input.signed\n',
};
const MODEL = { title: "weights.json", text: '{"layers": [[0.25, -0.5], [0.125, 1]]}\n' };
