import { resolve } from "node:path";
import { z } from "zod";
import { type Bytes, readSize } from "./values.ts";

export type Notes = {
  /** One sentence on what the key decides. */
  readonly about: string;
  /** What it may be, to follow "it may be". */
  readonly mayBe: string;
  /** As a person would write it; absent for keys that may be left out. */
  readonly default?: string;
  /** Its value must never be printed, not even when it is refused. */
  readonly isSecret?: boolean;
  /** Its flag is given without a value. */
  readonly isSwitch?: boolean;
};

/** What is known of each key. */
export const notes = z.registry<Notes>();

/** A value by a key, and what its readers are told of it. */
export function key<S extends z.ZodType>(schema: S, about: Notes & { default: z.input<S> }): z.ZodPrefault<S>;
export function key<S extends z.ZodType>(schema: S, about: Notes): z.ZodOptional<S>;
export function key(schema: z.ZodType, about: Notes): z.ZodType {
  const whole = about.default === undefined ? schema.optional() : schema.prefault(about.default);
  return whole.describe(about.about).register(notes, about);
}

/** Keys that belong together, all of which may be left out. */
export function group<S extends z.core.$ZodLooseShape>(
  shape: S,
): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> {
  return z.strictObject(shape).prefault({} as never);
}

/** Text that `read` understands. */
export function text<T>(read: (value: string) => T | undefined): z.ZodType<T, string> {
  return z.string().transform((value, context) => {
    const result = read(value);
    if (result === undefined) context.addIssue({ code: "custom", message: "not understood" });
    return result ?? z.NEVER;
  });
}

/** A size within limits. */
export function size(atLeast: Bytes, atMost: Bytes): z.ZodType<Bytes, string | number> {
  return z
    .union([z.string(), z.int().nonnegative()])
    .transform((value) => readSize(String(value)) ?? Number.NaN)
    .refine((bytes) => bytes >= atLeast && bytes <= atMost);
}

/** The path of a file. */
export const FILE = z
  .string()
  .min(1)
  .transform((file) => resolve(file));
