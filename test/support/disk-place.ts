import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Blobs } from "../../src/blobs/blobs.ts";
import { openDiskBlobs } from "../../src/blobs/disk.ts";
import { digestParts } from "../../src/oci/digest.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { BlobsPlace } from "../contract/blobs.ts";

/** A temporary folder that keeps blobs, for several processes or for one; gone when it is disposed of. */
export class DiskPlace implements BlobsPlace {
  readonly folder: string;

  readonly isShared: boolean;

  private constructor(folder: string, isShared: boolean) {
    this.folder = folder;
    this.isShared = isShared;
  }

  static async make({ isShared = true } = {}): Promise<DiskPlace> {
    return new DiskPlace(await mkdtemp(join(tmpdir(), "supercargo-blobs-")), isShared);
  }

  open(): Promise<Blobs> {
    return openDiskBlobs(this.folder, { isShared: this.isShared });
  }

  /** Every file in the folder, by its path from there. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return files.map((entry) => relative(this.folder, join(entry.parentPath, entry.name)));
  }

  /** Where the blob of a digest has to be. */
  pathOf(digest: Digest): string {
    const { algorithm, encoded } = digestParts(digest);
    return join(this.folder, "blobs", algorithm, encoded.slice(0, 2), encoded);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

/** A file system in memory, of a size of its own, over an empty folder. */
export class SmallDisk implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined where one may not mount a file system. */
  static mount(folder: string, size: string): SmallDisk | undefined {
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
    return mounted.status === 0 ? new SmallDisk(folder) : undefined;
  }

  makeReadOnly(): void {
    const { status, stderr } = spawnSync("mount", ["-o", "remount,ro", this.#folder], { encoding: "utf8" });
    if (status !== 0) throw new Error(`Cannot make ${this.#folder} read-only: ${stderr}`);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", ["--lazy", this.#folder]);
  }
}
