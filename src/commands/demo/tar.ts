const BLOCK_BYTES = 512;
/** The length of a path in a header of POSIX ustar, in bytes. */
const PATH_BYTES_MAX = 100;
const DIRECTORY = "5";
const FILE = "0";

/** What a file holds, by its path: relative, of at most 100 bytes, directories with a slash. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/**
 * A POSIX ustar archive of these files and of the directories they are in, all of them root's. Equal files give equal
 * bytes. What is in a `bin` may be executed.
 */
export function tarOf(files: Files): Buffer {
  const directories = new Set(Object.keys(files).flatMap(directoriesOf));
  const blocks = [...directories].toSorted().map((path) => header(path, { type: DIRECTORY, size: 0 }));
  for (const [path, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    blocks.push(header(path, { type: FILE, size: bytes.byteLength }), padded(bytes));
  }
  // Two blocks of zeros end an archive.
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function directoriesOf(path: string): string[] {
  const segments = path.split("/").slice(0, -1);
  return segments.map((_, at) => `${segments.slice(0, at + 1).join("/")}/`);
}

function header(path: string, { type, size }: { type: string; size: number }): Buffer {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new Error(`${path} is too long for a header`);
  const mode = type === DIRECTORY || /(?:^|\/)bin\//.test(path) ? 0o755 : 0o644;
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(path, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(type, 156);
  block.write("ustar\u000000", 257);
  // The checksum is taken with spaces in its own place.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.byteLength & (BLOCK_BYTES - 1))]);
}
