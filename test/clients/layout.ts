import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The annotation by which clients name an entry of a layout's index. */
const REF_NAME = "org.opencontainers.image.ref.name";

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** An image layout in a folder (image-spec "Image Layout"), which every client can copy from. */
export class Layout {
  readonly folder: string;
  readonly #entries: Descriptor[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string): Promise<Layout> {
    await mkdir(join(folder, "blobs/sha256"), { recursive: true });
    await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    return new Layout(folder);
  }

  /** Stores bytes under their digest. */
  async add(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = digestOf(bytes);
    await writeFile(join(this.folder, "blobs", digest.replace(":", "/")), bytes);
    return { mediaType, digest, size: bytes.byteLength };
  }

  async addJson(mediaType: string, value: object): Promise<Descriptor> {
    return await this.add(mediaType, Buffer.from(JSON.stringify(value)));
  }

  /** Lists a manifest in the layout's index, under a name if it is to be found by one. */
  async list(manifest: Descriptor, name?: string): Promise<void> {
    const names = name === undefined ? {} : { [REF_NAME]: name };
    this.#entries.push({ ...manifest, annotations: { ...manifest.annotations, ...names } });
    const index = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: this.#entries,
    };
    await writeFile(join(this.folder, "index.json"), JSON.stringify(index));
  }
}

/** The digests of all files under a folder, ordered: equal lists mean equal content, whatever the files are called. */
export async function digestsOf(folder: string): Promise<string[]> {
  const digests: string[] = [];
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) digests.push(digestOf(await readFile(join(file.parentPath, file.name))));
  }
  return digests.toSorted();
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Writes files by relative path, for a client that takes a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}
