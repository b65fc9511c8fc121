import type { Selector } from "../catalog/selector.ts";
import { RegistryError } from "../errors.ts";
import { shown } from "../oci/shown.ts";
import { readTime, TIME_FORMS } from "../oci/time.ts";
import { readPasted } from "./pasted-reference.ts";
import { PARAMETERS } from "./selector-parameters.ts";

/** Words and qualifiers of one query. */
export const SEARCH_TERMS_MAX = 16;
/** Longest query, in bytes. */
export const SEARCH_BYTES_MAX = 8_192;

/** What a query asks for: see `SearchQuery` of the catalog. */
export type ReadQuery = { readonly words: readonly string[]; readonly selector: Selector };

/** One term as it was written, and without its quotes. `quoted` when it begins with one: then it is a word. */
type Term = { readonly written: string; readonly text: string; readonly quoted: boolean };

/** Words that say something of what is looked for, unless they are quoted. */
const FLAGS: Readonly<Record<string, Selector>> = {
  tagged: { tagged: true },
  untagged: { tagged: false },
  empty: { empty: true },
};

const ALIASES: Readonly<Record<string, string>> = { type: "class" };

/** Qualifiers whose value says before or after: younger or older for an age. */
const TIMES: Readonly<Record<string, readonly [since: keyof Selector, before: keyof Selector]>> = {
  created: ["createdSince", "createdBefore"],
  updated: ["updatedSince", "updatedBefore"],
};

const TIME_FORM = `< or > and ${TIME_FORMS}: an age is younger or older, a time before or after`;

/** Every qualifier, for messages. */
const QUALIFIERS: readonly string[] = [
  ...Object.keys(PARAMETERS),
  ...Object.keys(ALIASES),
  ...Object.keys(TIMES),
];

const QUALIFIER = /^([A-Za-z][A-Za-z0-9]*):(.*)$/s;
const DIGEST = /^sha(?:256|512):[a-f0-9]+$/;

/**
 * Reads a query: words, and qualifiers such as `platform:linux/arm64`, with spaces between them. Quotes hold together what
 * has spaces, and make a word of what would be a qualifier; in them, `\` stands before a quote or another `\`. A reference
 * such as `host/name:tag` is the name and the tag.
 * What parameters beside it say holds as well, and is enough alone.
 * @throws PARAMETER_INVALID which says which term is wrong, and what it may be
 */
export function readQuery(q: string, now: Date = new Date(), beside: Selector = {}): ReadQuery {
  if (Buffer.byteLength(q) > SEARCH_BYTES_MAX) {
    throw invalid(`q has ${Buffer.byteLength(q)} bytes; it may have ${SEARCH_BYTES_MAX}`);
  }
  if (/\p{Cc}/u.test(q.replaceAll(/[\t\n\r]/g, " ")) || !q.isWellFormed()) {
    throw invalid(`q is ${shown(q)}, which has control characters in it; give words and qualifiers as text`);
  }
  const terms = termsOf(q).flatMap(expanded);
  const isAnything = terms.length === 0 && Object.keys(beside).length === 0;
  if (isAnything) throw invalid(`q is empty; give words or qualifiers, such as redis type:chart`);
  if (terms.length > SEARCH_TERMS_MAX) {
    throw invalid(`q has ${terms.length} words and qualifiers; it may have ${SEARCH_TERMS_MAX}`);
  }
  const words = new Set<string>();
  let selector = beside;
  for (const term of terms) {
    const part = term.quoted ? undefined : partOf(term, { selector, now });
    if (part === undefined) words.add(foldedWord(term.text));
    else selector = joined(selector, part, term);
  }
  return { words: [...words], selector };
}

function termsOf(q: string): Term[] {
  const terms: Term[] = [];
  const pattern = /(?:"(?:[^"\\]|\\.)*"|[^\s"])+/gsy;
  for (let at = 0; at < q.length; at = pattern.lastIndex) {
    at += /^\s*/.exec(q.slice(at))?.[0].length ?? 0;
    if (at === q.length) break;
    pattern.lastIndex = at;
    const written = pattern.exec(q)?.[0];
    if (written === undefined) {
      throw invalid(
        `q has a quote that does not end, at ${shown(q.slice(at))}; end it, or write \\" within quotes`,
      );
    }
    if (q[pattern.lastIndex] === '"') {
      throw invalid(`q has a quote that does not end, at ${shown(q.slice(pattern.lastIndex))}; end it`);
    }
    const text = written.replaceAll(/"((?:[^"\\]|\\.)*)"/gs, (_, inner: string) =>
      inner.replaceAll(/\\(["\\])/g, "$1"),
    );
    if (text !== "") terms.push({ written, text, quoted: written.startsWith('"') });
  }
  return terms;
}

/** A reference is two terms: the name of its repository, and its tag or digest. So what is like it is found behind it. */
function expanded(term: Term): readonly Term[] {
  if (term.quoted || isKnown(term.text)) return [term];
  const pasted = readPasted(term.text);
  if (!pasted) return [term];
  const { name, tag, digest } = pasted;
  const words = tag === undefined ? [name] : [name, tag];
  return [
    ...words.map((text) => ({ written: term.written, text, quoted: true })),
    ...(digest === undefined ? [] : [{ written: term.written, text: digest, quoted: false }]),
  ];
}

/** True of a qualifier, in capitals and small letters alike: one that is misspelt so is not taken for a repository. */
function isKnown(text: string): boolean {
  const [, given = ""] = DIGEST.test(text) ? ["", "digest"] : (QUALIFIER.exec(text) ?? []);
  return QUALIFIERS.some((name) => name.toLowerCase() === given.toLowerCase());
}

/** The part of a selector that a term stands for; `undefined` when it is a word. */
function partOf(
  { text, written }: Term,
  context: { readonly selector: Selector; readonly now: Date },
): Selector | undefined {
  const flag = Object.hasOwn(FLAGS, text) ? FLAGS[text] : undefined;
  if (flag) return flag;
  const digest = DIGEST.test(text) ? text : undefined;
  const [, given = "", value = ""] = digest ? ["", "digest", digest] : (QUALIFIER.exec(text) ?? []);
  if (given === "") return undefined;
  const name = Object.hasOwn(ALIASES, given) ? (ALIASES[given] ?? given) : given;
  const times = Object.hasOwn(TIMES, name) ? TIMES[name] : undefined;
  if (times) return timePart(value, times, { written, given, now: context.now });
  const parameter = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
  if (!parameter) throw unknownQualifier(given, written);
  const part = parameter.read(value, context);
  if (part === undefined) throw wrong(written, { given, value, form: parameter.form });
  return part;
}

function timePart(
  text: string,
  [since, before]: readonly [keyof Selector, keyof Selector],
  { written, given, now }: { written: string; given: string; now: Date },
): Selector {
  const [, sign, rest = ""] = /^([<>])=?(.*)$/s.exec(text) ?? [];
  const time = sign === undefined ? undefined : readTime(rest, now);
  if (time === undefined) throw wrong(written, { given, value: text, form: TIME_FORM });
  const isAge = /^\d+[a-z]$/.test(rest);
  return { [(sign === "<") === isAge ? since : before]: time };
}

/** Of one part given twice neither is taken, unless all of them can hold. */
function joined(selector: Selector, part: Selector, { written }: Term): Selector {
  const repeated = Object.keys(part).find(
    (name) => name in selector && !Array.isArray(selector[name as keyof Selector]),
  );
  const isSecondClass = part.classes !== undefined && selector.classes !== undefined;
  if (repeated === undefined && !isSecondClass) return { ...selector, ...part };
  throw invalid(
    `q says ${shown(written)} after it has said another of the kind; give one, as nothing can be both`,
  );
}

/** The letters A to Z in lower case: the form in which words are looked for. */
export function foldedWord(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function wrong(
  written: string,
  { given, value, form }: { given: string; value: string; form: string },
): RegistryError {
  return invalid(`q has ${shown(written)}: ${given} is ${shown(value)}; it must be ${form}`, given);
}

function unknownQualifier(given: string, written: string): RegistryError {
  return invalid(
    `q has ${shown(written)}, but there is no qualifier ${shown(given)}; there are ${QUALIFIERS.join(", ")}. ` +
      `To find it as a word, put it in quotes`,
    given,
  );
}

function invalid(sentence: string, qualifier?: string): RegistryError {
  return new RegistryError("PARAMETER_INVALID", `${sentence}.`, {
    detail: { parameter: "q", ...(qualifier !== undefined && { qualifier: qualifier.slice(0, 80) }) },
  });
}
