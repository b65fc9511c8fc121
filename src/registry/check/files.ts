import type { Checking } from "./check.ts";

/** Lists unfinished uploads, which clients may go on with, and files that are neither blob nor upload, which a repair removes. */
export async function checkFiles({ blobs, findings, options: { repair } }: Checking): Promise<void> {
  for await (const { id, size, changed } of blobs.listUploads()) {
    const message = `Upload ${id} has ${size} bytes and was last added to at ${changed.toISOString()}.`;
    findings.add("upload.unfinished", { file: `uploads/${id}`, message });
  }
  for await (const { file, size, changed } of blobs.listStray()) {
    const repaired =
      repair !== undefined && changed < repair.garbageBefore && (await blobs.removeStray(file));
    findings.add("file.stray", {
      file,
      repaired,
      message: `File ${file} of ${size} bytes is neither a blob nor an upload.`,
    });
  }
}
