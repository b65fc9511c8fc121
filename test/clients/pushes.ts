import assert from "node:assert/strict";
import { digestOf } from "../../src/oci/digest.ts";
import type { Scene } from "./scene.ts";

const PUSHES_AT_ONCE = 16;

/** The smallest thing that can be pushed: an index of nothing, the same in every repository. */
export const EMPTY_INDEX = {
  mediaType: "application/vnd.oci.image.index.v1+json",
  body: JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [],
  }),
} as const;

/** Where an empty index goes. */
export type Place = { readonly repository: string; readonly tag: string };

export async function push(scene: Scene, { repository, tag }: Place): Promise<void> {
  const response = await scene.fetch(`/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": EMPTY_INDEX.mediaType },
    body: EMPTY_INDEX.body,
  });
  assert.equal(response.status, 201, `${repository}:${tag} is pushed`);
}

/** Pushes to all places, several at once and in no order. */
export async function pushAll(scene: Scene, places: Iterable<Place>): Promise<void> {
  const waiting = Iterator.from(places);
  const pushOn = async (): Promise<void> => {
    for (const place of waiting) await push(scene, place);
  };
  await Promise.all(Array.from({ length: PUSHES_AT_ONCE }, pushOn));
}

export async function deleteTag(scene: Scene, { repository, tag }: Place): Promise<void> {
  await deleteManifest(scene, repository, tag);
}

/** Takes what was pushed out of a repository, with all its tags, so that the registry lists it no more. */
export async function emptyRepository(scene: Scene, repository: string): Promise<void> {
  await deleteManifest(scene, repository, digestOf(Buffer.from(EMPTY_INDEX.body)));
}

async function deleteManifest(scene: Scene, repository: string, reference: string): Promise<void> {
  const response = await scene.fetch(`/v2/${repository}/manifests/${reference}`, { method: "DELETE" });
  assert.equal(response.status, 202, `${reference} of ${repository} is deleted`);
}
