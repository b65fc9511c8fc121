import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { MEDIA_TYPES } from "../../src/oci/media-type.ts";
import { type Descriptor, digestOf, Layout, writeFiles } from "./layout.ts";

const run = promisify(execFile);

/** Where Debian's busybox-static puts its one file, which is a whole userland without a library. */
export const BUSYBOX = "/bin/busybox";
const APPLETS = ["sh", "ls", "cat", "echo", "mount", "tar", "vi", "wget"];
const LAYER_BYTES_MAX = 64 * 1024 * 1024;

const ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd";
export const SBOM_TYPE = "application/spdx+json";

/** Content that people really push, each in an image layout of its own, under the name `it`. */
export type Content = {
  /** An image of two layers whose root file system runs, with a whiteout in the second. */
  readonly image: Layout;
  readonly imageManifest: Descriptor;
  /** An index of that image and of one for another platform, with a layer compressed by zstd. */
  readonly index: Layout;
  readonly indexManifest: Descriptor;
  /** The image under its name, and beside it an SBOM that has the image as its subject. */
  readonly attached: Layout;
  readonly sbomManifest: Descriptor;
};

/** Makes the content in a folder. Needs the system's `tar`, and busybox at {@link BUSYBOX}. */
export async function makeContent(folder: string): Promise<Content> {
  const base = await tar(join(folder, "base"), busyboxTree);
  const app = await tar(join(folder, "app"), appTree);

  const image = await Layout.create(join(folder, "image"));
  const imageManifest = await addImage(image, "amd64", [base, app]);
  await image.list(imageManifest, "it");

  const index = await Layout.create(join(folder, "index"));
  const children = [await addImage(index, "amd64", [base, app]), await addImage(index, "arm64", [app])];
  const indexManifest = await index.addJson(MEDIA_TYPES.ociIndex, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: children,
    annotations: { "org.opencontainers.image.title": "for two platforms" },
  });
  await index.list(indexManifest, "it");

  const attached = await Layout.create(join(folder, "attached"));
  await attached.list(await addImage(attached, "amd64", [base, app]), "it");
  const sbomManifest = await addSbom(attached, imageManifest);
  await attached.list(sbomManifest);
  return { image, imageManifest, index, indexManifest, attached, sbomManifest };
}

async function addImage(
  layout: Layout,
  architecture: "amd64" | "arm64",
  tars: Uint8Array[],
): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const bytes of tars) {
    diffIds.push(digestOf(bytes));
    layers.push(
      architecture === "arm64"
        ? await layout.add(ZSTD_LAYER, zstdCompressSync(bytes))
        : await layout.add(MEDIA_TYPES.ociLayerGzip, gzipSync(bytes)),
    );
  }
  const config = await layout.addJson(MEDIA_TYPES.ociConfig, {
    created: "2020-02-02T02:02:02Z",
    architecture,
    os: "linux",
    config: { Cmd: ["/bin/sh"], Labels: { "org.example.team": "dock" } },
    rootfs: { type: "layers", diff_ids: diffIds },
  });
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers };
  const descriptor = await layout.addJson(MEDIA_TYPES.ociManifest, manifest);
  return { ...descriptor, platform: { os: "linux", architecture } };
}

async function addSbom(layout: Layout, subject: Descriptor): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify({ spdxVersion: "SPDX-2.3", name: "busybox" }));
  return await layout.addJson(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: SBOM_TYPE,
    config: await layout.add(MEDIA_TYPES.ociEmpty, Buffer.from("{}")),
    layers: [await layout.add(SBOM_TYPE, bytes)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: { "org.example.scanner": "by hand" },
  });
}

async function busyboxTree(root: string): Promise<void> {
  await writeFiles(root, {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "usr/share/doc/näme with spaces/readme": "a path that is not plain ASCII\n",
  });
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);
  await mkdir(join(root, "bin"));
  await copyFile(BUSYBOX, join(root, "bin/busybox"));
  for (const applet of APPLETS) await symlink("busybox", join(root, "bin", applet));
}

/** One file more, and one file less: `.wh.` before a name takes it out of the layers below. */
async function appTree(root: string): Promise<void> {
  await writeFiles(root, { "app/hello.sh": "#!/bin/sh\necho hello\n", "bin/.wh.vi": "" });
  await chmod(join(root, "app/hello.sh"), 0o755);
}

/** The same tree gives the same bytes on every machine, so that digests can be compared between runs. */
async function tar(root: string, plant: (root: string) => Promise<void>): Promise<Buffer> {
  await mkdir(root, { recursive: true });
  await plant(root);
  const owner = ["--owner=0", "--group=0", "--numeric-owner"];
  const { stdout } = await run("tar", ["-C", root, "--sort=name", "--mtime=@0", ...owner, "-cf", "-", "."], {
    encoding: "buffer",
    maxBuffer: LAYER_BYTES_MAX,
  });
  return stdout;
}
