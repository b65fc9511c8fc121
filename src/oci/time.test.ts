import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatTime, readTime } from "./time.ts";

const NOW = new Date("2026-08-15T12:00:00.500Z");
const DIGITS = "[0-9]{2}";

test("a time reads back from its ISO form", () => {
  const years = { min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z") };
  fc.assert(
    fc.property(fc.date({ ...years, noInvalidDate: true }), (time) => {
      assert.deepEqual(readTime(time.toISOString(), NOW), time);
    }),
  );
});

test("a time is shown in its ISO form, whatever was shown before", () => {
  const days = Array.from({ length: 5_000 }, (_, day) => new Date(day * 86_400_000 - 1));
  for (const time of days) assert.equal(formatTime(time.getTime()), time.toISOString());
  const years = { min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z") };
  fc.assert(
    fc.property(fc.date({ ...years, noInvalidDate: true }), (time) => {
      assert.equal(formatTime(time.getTime()), time.toISOString());
    }),
    { numRuns: 1000, examples: [[years.min], [years.max], [new Date(0)]] },
  );
});

test("no text of the form of a time is taken for another time than it says", () => {
  const nearly = fc.stringMatching(
    new RegExp(`^20${DIGITS}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:${DIGITS}:${DIGITS}Z$`),
  );
  fc.assert(
    fc.property(nearly, (text) => {
      const time = readTime(text, NOW);
      if (time !== undefined) assert.equal(time.toISOString(), text.replace("Z", ".000Z"));
    }),
    { numRuns: 1000 },
  );
});

for (const [text, expected] of [
  ["2026-08-01T10:00:00Z", "2026-08-01T10:00:00.000Z"],
  ["2026-08-01t10:00:00.123456789z", "2026-08-01T10:00:00.123Z"],
  ["2026-08-01T10:00:00.5Z", "2026-08-01T10:00:00.500Z"],
  ["2026-08-01T10:00:00+02:00", "2026-08-01T08:00:00.000Z"],
  ["2026-08-01T10:00:00 02:00", "2026-08-01T08:00:00.000Z"],
  ["2026-08-01T23:00:00-03:30", "2026-08-02T02:30:00.000Z"],
  ["2026-08-01", "2026-08-01T00:00:00.000Z"],
  ["2024-02-29", "2024-02-29T00:00:00.000Z"],
  ["0s", "2026-08-15T12:00:00.500Z"],
  ["90s", "2026-08-15T11:58:30.500Z"],
  ["30m", "2026-08-15T11:30:00.500Z"],
  ["24h", "2026-08-14T12:00:00.500Z"],
  ["7d", "2026-08-08T12:00:00.500Z"],
  ["2w", "2026-08-01T12:00:00.500Z"],
  ["999999999w", "1970-01-01T00:00:00.000Z"],
] as const) {
  test(`${text} is the time ${expected}`, () => assert.equal(readTime(text, NOW)?.toISOString(), expected));
}

/** Separated by commas, as some have spaces. */
const NO_TIMES =
  ",7,d,-7d,7 d,7y,1.5h,9999999999s,7D,7d\n,yesterday,2026,2026-8-1,2026-02-30,2026-13-01,2025-02-29T00:00:00Z," +
  "2026-08-01T24:00:00Z,2026-08-01T10:00:60Z,2026-08-01T10:00:00,2026-08-01T10:00Z,2026-08-01T10:00:00.Z,2026-08-01T10:00:00.1234567890Z," +
  "2026-08-01T10:00:00+25:00,2026-08-01T10:00:00+0200";

for (const text of NO_TIMES.split(",")) {
  test(`${JSON.stringify(text)} is no time`, () => assert.equal(readTime(text, NOW), undefined));
}
