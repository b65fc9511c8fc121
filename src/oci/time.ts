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

/** Days whose date is kept as text: some eleven years of them, each a few dozen bytes. */
const DATES_KEPT = 4_000;
const MINUTES_PER_DAY = 1_440;

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
/** `10:00:` for each minute of a day. */
const MINUTES = Array.from(
  { length: MINUTES_PER_DAY },
  (_, minute) => `${TWO_DIGITS[Math.floor(minute / 60)]}:${TWO_DIGITS[minute % 60]}:`,
);
/** `.000Z` for each millisecond of a second. */
const FRACTIONS = Array.from({ length: 1_000 }, (_, number) => `.${String(number).padStart(3, "0")}Z`);
/** `2026-08-01T` by the day since 1970. */
const dates = new Map<number, string>();

/** A time as answers show it: as RFC 3339 in UTC, to the millisecond. Sorts as the times do. */
export type TimeText = string;

/**
 * The text that `toISOString` makes of milliseconds since 1970, in a tenth of its time, which would be a good part of what
 * a page of a list takes. For the years 0 to 9999.
 */
export function formatTime(milliseconds: number): TimeText {
  const minute = Math.floor(milliseconds / 60_000);
  const day = Math.floor(minute / MINUTES_PER_DAY);
  const within = milliseconds - minute * 60_000;
  const second = Math.floor(within / 1_000);
  const end = `${TWO_DIGITS[second]}${FRACTIONS[within - second * 1_000]}`;
  return `${dateOf(day)}${MINUTES[minute - day * MINUTES_PER_DAY]}${end}`;
}

function dateOf(day: number): string {
  let date = dates.get(day);
  if (date === undefined) {
    if (dates.size >= DATES_KEPT) dates.clear();
    date = new Date(day * 86_400_000).toISOString().slice(0, "2026-08-01T".length);
    dates.set(day, date);
  }
  return date;
}

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
