import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** What OWASP's "Password Storage Cheat Sheet" gives for argon2id: 19 MiB, two passes, one lane. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** The shortest password that may be set, in UTF-16 units. */
const PASSWORD_LENGTH_MIN = 8;
/** The longest password that is worked on, in bytes: a longer one costs time and helps nobody. */
const PASSWORD_BYTES_MAX = 1_024;

const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const derive = promisify(argon2);

/** The hash of a password by argon2id, in the form that other programs write too (`$argon2id$v=19$…`). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await derive("argon2id", {
    message: password,
    nonce: salt,
    parallelism: LANES,
    tagLength: TAG_BYTES,
    memory: MEMORY_KIB,
    passes: PASSES,
  });
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${plain(salt)}$${plain(tag)}`;
}

/** True when the password is that of the hash. Takes as long for a wrong one. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, memory, passes, lanes, salt = "", tag = ""] = FORM.exec(hash) ?? [];
  if (memory === undefined || Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return false;
  const expected = Buffer.from(tag, "base64");
  const found = await derive("argon2id", {
    message: password,
    nonce: Buffer.from(salt, "base64"),
    parallelism: Number(lanes),
    tagLength: expected.byteLength,
    memory: Number(memory),
    passes: Number(passes),
  });
  return timingSafeEqual(found, expected);
}

/** Whether there may be such a password: at least eight characters, and no longer than what is worked on. */
export function isGoodPassword(password: string): boolean {
  return password.length >= PASSWORD_LENGTH_MIN && Buffer.byteLength(password) <= PASSWORD_BYTES_MAX;
}

/** Base64 without padding, as these hashes have it. */
function plain(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
