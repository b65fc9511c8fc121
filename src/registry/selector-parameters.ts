import type { ListKind } from "../catalog/items.ts";
import type { KeyValue, Selector } from "../catalog/selector.ts";
import { RegistryError } from "../errors.ts";
import { ARTIFACT_CLASSES, type ArtifactClass } from "../oci/artifact-class.ts";
import { TYPE_LENGTH_MAX } from "../oci/descriptor.ts";
import { parseDigest } from "../oci/digest.ts";
import { NAME_BYTES_MAX, parseName } from "../oci/name.ts";
import { formatPlatform, parsePlatform } from "../oci/platform.ts";
import { readTime, TIME_FORMS } from "../oci/time.ts";

/** One parameter of a selector. */
export type SelectorParameter = {
  /** The lists that take it. */
  readonly lists: readonly ListKind[];
  /** What its value may be, for messages and documentation: the end of "it must be". */
  readonly form: string;
  /** The values, where they can be counted. */
  readonly allowed?: readonly string[];
  /** True when it may be given several times, and all must hold. */
  readonly mayRepeat?: boolean;
  /** The part of a selector that a value stands for, empty if it asks for nothing; `undefined` if the value is wrong. */
  readonly read: (
    text: string,
    context: { readonly selector: Selector; readonly now: Date },
  ) => Selector | undefined;
};

const CONTENTS: readonly ListKind[] = ["tags", "manifests"];
const REPOSITORIES: readonly ListKind[] = ["repositories", ...CONTENTS];

/** The deepest name: one character and a slash for each segment. */
const DEPTH_MAX = Math.ceil(NAME_BYTES_MAX / 2);
/** Longest pattern, in characters. */
const PATTERN_LENGTH_MAX = 255;
/** Longest key and value of an annotation or label that the catalog can find, in bytes. */
const KEY_BYTES_MAX = 255;
const VALUE_BYTES_MAX = 1_024;

const NAME_PATTERN = /^[a-z0-9._/*?-]+$/;
const TAG_PATTERN = /^[a-zA-Z0-9._*?-]+$/;
const PATTERN_FORM = `of at most ${PATTERN_LENGTH_MAX} characters, with * for any text and ? for any character`;

// A whole digest fits as well. Of algorithms that the registry cannot compute, only the grammar is known.
const DIGEST_BEGINNING =
  /^(?:sha256:[a-f0-9]{1,64}|sha512:[a-f0-9]{1,128}|(?!sha256:|sha512:)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+)$/;
const DIGEST_LENGTH_MAX = 255;

const TYPE_FORM = `a media type of at most ${TYPE_LENGTH_MAX} characters, such as application/vnd.oci.image.config.v1+json`;
const PAIR_FORM = `key or key=value, the key of 1 to ${KEY_BYTES_MAX} bytes, the value of at most ${VALUE_BYTES_MAX}, without NUL`;

/** Every parameter of a selector, in the order in which documentation shows them. */
export const PARAMETERS: Readonly<Record<string, SelectorParameter>> = {
  under: {
    lists: [...REPOSITORIES, "namespaces"],
    form: "a namespace such as team/project: whole segments of repository names",
    read: readUnder,
  },
  depth: {
    lists: REPOSITORIES,
    form: `a whole number from 1 to ${DEPTH_MAX}`,
    read: readDepth,
  },
  repository: {
    lists: REPOSITORIES,
    form: "the whole name of a repository, such as library/debian",
    read: (text) => unlessRefused(() => ({ repository: parseName(text) })),
  },
  name: {
    lists: REPOSITORIES,
    form: `a pattern for repository names such as team/*, ${PATTERN_FORM}`,
    read: (name) => (isPattern(name, NAME_PATTERN) ? { name } : undefined),
  },
  tag: {
    lists: CONTENTS,
    form: `a pattern for tags such as v1.*, ${PATTERN_FORM}`,
    read: (tag) => (isPattern(tag, TAG_PATTERN) ? { tag } : undefined),
  },
  digest: {
    lists: CONTENTS,
    form: "a digest or the beginning of one with its algorithm, such as sha256:ab12",
    read: (digest) =>
      digest.length <= DIGEST_LENGTH_MAX && DIGEST_BEGINNING.test(digest) ? { digest } : undefined,
  },
  artifactType: {
    lists: CONTENTS,
    form: TYPE_FORM,
    read: (text) => typed(text, (artifactType) => ({ artifactType })),
  },
  mediaType: {
    lists: CONTENTS,
    form: TYPE_FORM,
    read: (text) => typed(text, (mediaType) => ({ mediaType })),
  },
  class: {
    lists: CONTENTS,
    form: `one or more of ${ARTIFACT_CLASSES.join(", ")}, with commas between them`,
    allowed: ARTIFACT_CLASSES,
    read: readClasses,
  },
  platform: {
    lists: CONTENTS,
    form: "os/architecture or os/architecture/variant, such as linux/arm64/v8",
    mayRepeat: true,
    read: (text, { selector: { platforms = [] } }) =>
      unlessRefused(() => ({ platforms: [...platforms, formatPlatform(parsePlatform(text))] })),
  },
  annotation: {
    lists: CONTENTS,
    form: PAIR_FORM,
    mayRepeat: true,
    read: (text, { selector: { annotations = [] } }) =>
      paired(text, (pair) => ({ annotations: [...annotations, pair] })),
  },
  label: {
    lists: CONTENTS,
    form: PAIR_FORM,
    mayRepeat: true,
    read: (text, { selector: { labels = [] } }) => paired(text, (pair) => ({ labels: [...labels, pair] })),
  },
  subject: {
    lists: CONTENTS,
    form: "a whole digest, such as sha256: and 64 hexadecimal digits",
    read: (text) => unlessRefused(() => ({ subject: parseDigest(text) })),
  },
  tagged: { lists: ["manifests"], ...truth((tagged) => ({ tagged })) },
  empty: { lists: ["repositories"], ...truth((empty) => ({ empty })) },
  createdSince: { lists: REPOSITORIES, ...moment((createdSince) => ({ createdSince })) },
  createdBefore: { lists: REPOSITORIES, ...moment((createdBefore) => ({ createdBefore })) },
  updatedSince: { lists: REPOSITORIES, ...moment((updatedSince) => ({ updatedSince })) },
  updatedBefore: { lists: REPOSITORIES, ...moment((updatedBefore) => ({ updatedBefore })) },
};

function readUnder(text: string): Selector | undefined {
  const under = text.replaceAll(/^\/+|(?<!\/)\/+$/g, "");
  return under === "" ? {} : unlessRefused(() => ({ under: parseName(under) }));
}

function readDepth(text: string): Selector | undefined {
  const depth = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  return depth >= 1 && depth <= DEPTH_MAX ? { depth } : undefined;
}

function readClasses(text: string): Selector | undefined {
  const classes = [...new Set(text.split(","))];
  return classes.every(isClass) ? { classes } : undefined;
}

function isClass(text: string): text is ArtifactClass {
  return (ARTIFACT_CLASSES as readonly string[]).includes(text);
}

function truth(part: (value: boolean) => Selector): Omit<SelectorParameter, "lists"> {
  return {
    form: "true or false",
    allowed: ["true", "false"],
    read: (text) => (text === "true" || text === "false" ? part(text === "true") : undefined),
  };
}

function moment(part: (time: Date) => Selector): Omit<SelectorParameter, "lists"> {
  return {
    form: TIME_FORMS,
    read: (text, { now }) => {
      const time = readTime(text, now);
      return time && part(time);
    },
  };
}

function typed(text: string, part: (type: string) => Selector): Selector | undefined {
  // No media type has a space: it is the + of +json, which was not written as %2B.
  const type = text.replaceAll(" ", "+");
  return type !== "" && type.length <= TYPE_LENGTH_MAX && !/[\p{Cc}\p{Cs}]/u.test(type)
    ? part(type)
    : undefined;
}

function paired(text: string, part: (pair: KeyValue) => Selector): Selector | undefined {
  const [key = "", ...rest] = text.split("=");
  const value = rest.length > 0 ? rest.join("=") : undefined;
  const isRight =
    key !== "" &&
    Buffer.byteLength(key) <= KEY_BYTES_MAX &&
    Buffer.byteLength(value ?? "") <= VALUE_BYTES_MAX &&
    !text.includes("\0") &&
    text.isWellFormed();
  return isRight ? part(value === undefined ? { key } : { key, value }) : undefined;
}

function isPattern(text: string, characters: RegExp): boolean {
  return text.length <= PATTERN_LENGTH_MAX && characters.test(text);
}

function unlessRefused(read: () => Selector): Selector | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
