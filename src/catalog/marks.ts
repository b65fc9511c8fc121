import { crc32 } from "node:zlib";

/** Bits of marks: a number holds them exactly in JavaScript and in both databases. */
const BITS = 48;

/** What of a content has marks. Platforms are in their short form. */
type Described = {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
};

/**
 * The marks of a content: a number with one bit for each annotation, label and platform it has, the same one for the same
 * text. Whose marks lack a bit does not have what it stands for; whose marks have it may, as other texts have the same bit (a
 * Bloom filter with one hash function). They stand in the index of each order, so that a page with a filter reads few rows
 * that it does not show: where a content has nine entries, one in six by chance. They are stored: to make them otherwise takes a step of the schema.
 */
export function marksOf({ annotations = {}, labels = {}, platforms = [] }: Described): number {
  const texts = [
    ...Object.entries(annotations).map((pair) => `annotation ${pair.join("=")}`),
    ...Object.entries(labels).map((pair) => `label ${pair.join("=")}`),
    // With the variant or without, whichever is asked for.
    ...platforms.map((platform) => `platform ${platform.split("/", 2).join("/")}`),
  ];
  const bits = new Set(texts.map((text) => crc32(text) % BITS));
  return [...bits].reduce((marks, bit) => marks + 2 ** bit, 0);
}
