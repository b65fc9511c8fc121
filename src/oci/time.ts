/** Milliseconds of each unit that an age may have. */
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const AGE = /^(\d{1,9})([smhdw])$/;
// A + that was not written as %2B arrives as a space; nothing else can stand there.
const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?(?:[Zz]|([+ -])((?:[01]\d|2[0-3]):[0-5]\d)))?$/;

/** What {@link readTime} takes, for messages. */
export const TIME_FORMS =
  "a time such as 2026-08-01T12:00:00Z (RFC 3339), a date such as 2026-08-01, or an age such as 90s, 30m, 24h, 7d or 2w";

/**
 * The time that a text names: as RFC 3339, to the millisecond; as a date, whose beginning in UTC it is; or as an age, so
 * long before `now`, though not before 1970. `undefined` for any other text.
 */
export function readTime(text: string, now: Date): Date | undefined {
  const age = AGE.exec(text);
  if (age === null) return readTimestamp(text);
  const [, count, unit = ""] = age;
  return new Date(Math.max(0, now.getTime() - Number(count) * (UNIT_MS[unit] ?? 0)));
}

function readTimestamp(text: string): Date | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, date, time = "00:00:00", fraction = "", sign, offset = "00:00"] = match;
  const local = new Date(`${date}T${time}${fraction}Z`);
  // JavaScript takes the 30th of February for the 2nd of March, and 24:00 for the next day.
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${date}T${time}`)) return undefined;
  const [hours = 0, minutes = 0] = offset.split(":").map(Number);
  const ahead = (hours * 60 + minutes) * 60_000 * (sign === "-" ? -1 : 1);
  return new Date(local.getTime() - ahead);
}
