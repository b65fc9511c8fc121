import { createHash } from "node:crypto";
import type { BlobMember, Origin } from "../../catalog/catalog.ts";
import { digestParts, type Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/name.ts";
import type { Checking } from "./check.ts";

/** A blob of the store, and what became known of it. */
type Stored = { readonly size: number; readonly changed: Date; readonly isDamaged: boolean };

type Membership = BlobMember & { readonly repository: RepositoryName; readonly digest: Digest };

/** Who repairs, for the log; blobs make no events, so nobody will read it there. */
const ORIGIN: Origin = { actor: "supercargo check", requestId: "repair" };

/** Lists and hashes every stored blob. A damaged one is set aside by a repair, or else it would stay in its successor's way. */
export async function checkBlobs({ blobs, findings, options }: Checking): Promise<Map<Digest, Stored>> {
  const stored = new Map<Digest, Stored>();
  for await (const { digest, size, changed } of blobs.list()) {
    findings.checked.blobs++;
    const isDamaged = options.hash && (await reportDamage({ blobs, findings, options }, digest));
    stored.set(digest, { size, changed, isDamaged });
  }
  return stored;
}

/** Reads a blob and reports it if its bytes have another digest; true if so. */
async function reportDamage(
  { blobs, findings, options }: Omit<Checking, "catalog">,
  digest: Digest,
): Promise<boolean> {
  await using content = await blobs.read(digest);
  // It may have gone since it was listed.
  if (!content) return false;
  let actual: string;
  try {
    actual = await hashOf(content.chunks, digestParts(digest).algorithm);
  } catch (error) {
    // One that the disk cannot read says nothing of the others.
    const reason = error instanceof Error ? error.message : String(error);
    findings.add("blob.unreadable", { digest, message: `Blob ${digest} cannot be read: ${reason}.` });
    return false;
  }
  findings.checked.bytes += content.size;
  if (actual === digest) return false;
  const repaired = options.repair !== undefined && (await blobs.setAside(digest));
  findings.add("blob.damaged", {
    digest,
    repaired,
    message: `The bytes of blob ${digest} have the digest ${actual}.`,
  });
  return true;
}

async function hashOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  algorithm: string,
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of chunks) hash.update(chunk);
  return `${algorithm}:${hash.digest("hex")}`;
}

/** Every membership must have a whole blob of its size. Resolves with the stored blobs that are in no repository. */
export async function checkMemberships(
  checking: Checking,
  stored: Map<Digest, Stored>,
): Promise<Map<Digest, Stored>> {
  const unclaimed = new Map([...stored].filter(([, { isDamaged }]) => !isDamaged));
  for await (const membership of checking.catalog.allBlobs()) {
    checking.findings.checked.memberships++;
    if (membership.bytes) {
      await checkKept(checking, membership, membership.bytes);
    } else {
      unclaimed.delete(membership.digest);
      await checkMembership(checking, { membership, stored });
    }
  }
  return unclaimed;
}

async function checkMembership(
  { catalog, blobs, findings, options }: Checking,
  { membership, stored }: { membership: Membership; stored: Map<Digest, Stored> },
): Promise<void> {
  const { repository, digest } = membership;
  let blob = stored.get(digest);
  // It may have come since the blobs were listed.
  const size = blob?.size ?? (await blobs.size(digest));
  if (size === membership.size && !blob?.isDamaged) return;
  // Is the blob not whole, or the note of its size wrong? Where nothing was hashed, only this tells.
  if (
    blob &&
    !options.hash &&
    !blob.isDamaged &&
    (await reportDamage({ blobs, findings, options }, digest))
  ) {
    blob = { ...blob, isDamaged: true };
    stored.set(digest, blob);
  }
  // A server that runs may have deleted it meanwhile.
  if (!options.repair && !(await catalog.findBlob(repository, digest))) return;
  await reportMembership({ catalog, findings, options }, membership, blob?.isDamaged ? "damaged" : size);
}

/** A membership that has its blob's bytes with it. */
async function checkKept(
  { catalog, findings, options }: Omit<Checking, "blobs">,
  membership: Membership,
  bytes: Uint8Array,
): Promise<void> {
  const { digest, size } = membership;
  if (!options.hash && size === bytes.byteLength) return;
  findings.checked.bytes += bytes.byteLength;
  const isDamaged = (await hashOf([bytes], digestParts(digest).algorithm)) !== digest;
  if (!isDamaged && size === bytes.byteLength) return;
  const found = isDamaged ? "damaged" : bytes.byteLength;
  await reportMembership({ catalog, findings, options }, membership, found);
}

/** Reports a membership whose blob was found damaged, with another size, or not at all. */
async function reportMembership(
  { catalog, findings, options }: Omit<Checking, "blobs">,
  membership: Membership,
  found: "damaged" | number | undefined,
): Promise<void> {
  const { repository, digest } = membership;
  const size = typeof found === "number" ? found : undefined;
  const repaired = options.repair !== undefined && (await mend(catalog, { membership, size }));
  if (size === undefined) {
    const message = `Repository ${repository} has blob ${digest}, which is ${found ?? "not stored"}. Push it again.`;
    findings.add("membership.broken", { repository, digest, repaired, message });
  } else {
    const message = `Repository ${repository} has blob ${digest} with ${membership.size} bytes; it has ${size}.`;
    findings.add("membership.size", { repository, digest, repaired, message });
  }
}

/** Takes a membership out, and puts it back with the right size if there is one. */
async function mend(
  catalog: Checking["catalog"],
  { membership, size }: { membership: Membership; size: number | undefined },
): Promise<boolean> {
  const { repository, digest, bytes } = membership;
  return catalog.write(repository, ORIGIN, async (tx) => {
    const removed = await tx.removeBlob(digest);
    if (size !== undefined) await tx.addBlob(digest, size, bytes);
    return removed;
  });
}

/** Reports blobs that are in no repository and named by no manifest, and removes those that are old enough. */
export async function checkGarbage(
  { blobs, findings, options: { repair } }: Checking,
  garbage: ReadonlyMap<Digest, Stored>,
): Promise<void> {
  for (const [digest, { size, changed }] of garbage) {
    const repaired = repair !== undefined && changed < repair.garbageBefore && (await blobs.remove(digest));
    const message = `Blob ${digest} of ${size} bytes is in no repository, and no manifest names it.`;
    findings.add("blob.garbage", { digest, repaired, message });
  }
}
