import type { Revision } from "../../catalog/catalog.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/name.ts";
import type { Tag } from "../../oci/tag.ts";

/** Everything a check can find. Faults are what must not be; the rest is worth knowing. docs/check.md explains each. */
export const FINDINGS = {
  "log.gap": "fault",
  "log.impossible": "fault",
  "fact.missing": "fault",
  "fact.unexplained": "fault",
  "fact.wrong": "fault",
  "repository.missing": "fault",
  "tag.dangling": "fault",
  "manifest.lost": "fault",
  "manifest.damaged": "fault",
  "blob.damaged": "fault",
  "blob.unreadable": "fault",
  "membership.broken": "fault",
  "membership.size": "fault",
  "manifest.incomplete": "information",
  "blob.garbage": "information",
  "upload.unfinished": "information",
  "file.stray": "information",
} as const satisfies Record<string, "fault" | "information">;

export type FindingKind = keyof typeof FINDINGS;

/** Findings of each kind that a report lists; all of them are counted. */
const LISTED_PER_KIND_MAX = 1_000;

/** What a finding is about. */
export type Subject = {
  readonly repository?: RepositoryName | undefined;
  readonly tag?: Tag | undefined;
  readonly digest?: Digest | undefined;
  readonly revision?: Revision | undefined;
  /** Of an upload or a stray file: where it is, from the data folder. */
  readonly file?: string | undefined;
};

export type Finding = Subject & {
  readonly kind: FindingKind;
  /** A sentence. */
  readonly message: string;
  /** True when a repair has dealt with it. */
  readonly repaired: boolean;
};

export type Count = { readonly found: number; readonly repaired: number };

/** How much was looked at. */
export type Checked = {
  repositories: number;
  manifests: number;
  tags: number;
  events: number;
  /** Manifests by their bytes, those kept for the past included. */
  contents: number;
  memberships: number;
  blobs: number;
  /** Bytes of blobs read and hashed. */
  bytes: number;
};

/** What a check found. Its JSON form is documented in docs/check.md. */
export type Report = {
  /** True when there is no fault, or none that is left. */
  readonly ok: boolean;
  readonly revision: Revision;
  readonly oldest: Revision;
  readonly checked: Readonly<Checked>;
  /** Of the kinds that were found. */
  readonly counts: Readonly<Partial<Record<FindingKind, Count>>>;
  readonly faults: readonly Finding[];
  readonly information: readonly Finding[];
};

/** Gathers findings while a check goes on. */
export class Findings {
  readonly checked: Checked = {
    repositories: 0,
    manifests: 0,
    tags: 0,
    events: 0,
    contents: 0,
    memberships: 0,
    blobs: 0,
    bytes: 0,
  };
  readonly #counts = new Map<FindingKind, Count>();
  readonly #listed: Finding[] = [];

  add(kind: FindingKind, finding: Subject & { message: string; repaired?: boolean }): void {
    const { found, repaired } = this.#counts.get(kind) ?? { found: 0, repaired: 0 };
    this.#counts.set(kind, { found: found + 1, repaired: repaired + (finding.repaired ? 1 : 0) });
    if (found < LISTED_PER_KIND_MAX) this.#listed.push({ kind, repaired: false, ...finding });
  }

  report({ revision, oldest }: { revision: Revision; oldest: Revision }): Report {
    const left = [...this.#counts].filter(
      ([kind, { found, repaired }]) => FINDINGS[kind] === "fault" && repaired < found,
    );
    return {
      ok: left.length === 0,
      revision,
      oldest,
      checked: this.checked,
      counts: Object.fromEntries(this.#counts),
      faults: this.#listed.filter(({ kind }) => FINDINGS[kind] === "fault"),
      information: this.#listed.filter(({ kind }) => FINDINGS[kind] === "information"),
    };
  }
}
