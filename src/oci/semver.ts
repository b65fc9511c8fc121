/** The most digits of a number in a version; more are no version. */
const DIGITS_MAX = 20;

// Container tags have no +, so Helm writes _ for it. Prerelease identifiers are checked one by one.
const VERSION = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]*))?(?:[+_].*)?$/;

/** Sorts behind a prerelease's "-": a version is newer than its prereleases. */
const RELEASE = "~";
/** Sorts behind every number, which begins with a capital. */
const WORD = "a";
/** Sorts before everything an identifier can contain. */
const WORD_END = "!";

/**
 * A tag as text whose bytewise order is the precedence of versions (SemVer 2.0.0 section 11); empty for a tag that is no
 * version, and equal for versions of equal precedence. Taken for versions as well: a leading v, one or two numbers
 * instead of three, zeros in front of a number. At most 200 bytes of ASCII for a tag of 128 characters.
 */
export function semverKey(tag: string): string {
  const match = VERSION.exec(tag);
  if (match === null) return "";
  const [, major = "0", minor = "0", patch = "0", prerelease] = match;
  const parts = [major, minor, patch].map(numberKey);
  if (prerelease === undefined) parts.push(RELEASE);
  else parts.push("-", ...prerelease.split(".").map(identifierKey));
  return parts.includes("") ? "" : parts.join("");
}

/** Empty for an identifier that no version may have. */
function identifierKey(identifier: string): string {
  if (identifier === "") return "";
  return /^\d+$/.test(identifier) ? numberKey(identifier) : `${WORD}${identifier}${WORD_END}`;
}

/** A letter that says how many digits follow, and the digits: a longer number is a larger one. */
function numberKey(number: string): string {
  const digits = number.replace(/^0+(?=\d)/, "");
  return digits.length > DIGITS_MAX ? "" : `${String.fromCharCode(0x40 + digits.length)}${digits}`;
}
