import type { ArtifactClass } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";

/** A key that must be there, with a certain value if one is given. */
export type KeyValue = { readonly key: string; readonly value?: string | undefined };

/**
 * Which items are meant: all that every given part holds for. One vocabulary for lists, search, events and the command
 * line; docs/api.md explains each part to users.
 */
export type Selector = {
  /** The repository of this name, and all whose names begin with it and a slash. */
  readonly under?: string | undefined;
  /** How many segments below `under`, or of a name where there is no `under`, at the most. */
  readonly depth?: number | undefined;
  readonly repository?: RepositoryName | undefined;
  /** What the repository's whole name must be like: `*` stands for any text, `?` for one character. */
  readonly name?: string | undefined;
  /** What the tag must be like; of manifests, what one of its tags must be like. */
  readonly tag?: string | undefined;
  /** A digest or the beginning of one, algorithm included. */
  readonly digest?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly mediaType?: string | undefined;
  /** Any of them. */
  readonly classes?: readonly ArtifactClass[] | undefined;
  /** As `os/arch` or `os/arch/variant`; the former is any variant, the latter what clients take for it. All of them. */
  readonly platforms?: readonly string[] | undefined;
  readonly annotations?: readonly KeyValue[] | undefined;
  readonly labels?: readonly KeyValue[] | undefined;
  readonly subject?: Digest | undefined;
  readonly tagged?: boolean | undefined;
  readonly empty?: boolean | undefined;
  /** At this time or later; before this time. */
  readonly createdSince?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly updatedSince?: Date | undefined;
  readonly updatedBefore?: Date | undefined;
};
