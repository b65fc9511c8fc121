import type { Revision } from "../catalog/catalog.ts";
import type { ListKind, Order, OrderBy } from "../catalog/items.ts";
import type { Selector } from "../catalog/selector.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../oci/name.ts";
import { enumerated, shown } from "../oci/shown.ts";
import { readTime, TIME_FORMS } from "../oci/time.ts";
import { PARAMETERS } from "./selector-parameters.ts";

/** Filters that one selector can have, repeated ones counted each. */
const FILTERS_MAX = 32;

/** What no list of one repository takes. */
export const CHOOSE_REPOSITORIES = ["under", "depth", "repository", "name"];

/** How much of a parameter's name an error repeats, in UTF-16 units. */
const PARAMETER_SHOWN_MAX = 80;

/** What is asked by a selector: a list, or search, which finds what lists have. */
export type Selected = ListKind | "search";

/** The parameters of a selector that each takes. {@link PARAMETERS} says what each may be. */
export const SELECTOR_PARAMETERS: Readonly<Record<Selected, readonly string[]>> = {
  repositories: parametersOf("repositories"),
  tags: parametersOf("tags"),
  manifests: parametersOf("manifests"),
  namespaces: parametersOf("namespaces"),
  search: Object.keys(PARAMETERS),
};

/** What each list can be ordered by. */
export const ORDERS: Readonly<Record<ListKind, readonly OrderBy[]>> = {
  repositories: ["name", "created", "updated", "size", "pulled"],
  tags: ["name", "created", "updated", "size", "imageSize", "pulled", "semver"],
  manifests: ["name", "created", "updated", "size", "imageSize", "pulled"],
  namespaces: ["name", "created", "updated"],
};

export type SelectorOptions = {
  /** What ages are reckoned from. */
  readonly now?: Date;
  /** Parameters that the caller reads itself, such as `n`: passed over here, and named where another is not known. */
  readonly besides?: readonly string[];
  /** The repository whose list it is, if of only one: it takes no parameter that chooses repositories. */
  readonly of?: RepositoryName | undefined;
};

/**
 * Reads the selector of a list from its parameters, in the order in which they came. Of one parameter given twice where
 * that has no meaning, neither is taken: somebody would be wrong about which counts.
 * @throws PARAMETER_INVALID with `detail.parameter`, and with `detail.allowed` where the right values can be counted
 */
export function readSelector(
  params: Iterable<readonly [string, string]>,
  kind: Selected,
  { now = new Date(), besides = [], of }: SelectorOptions = {},
): Selector {
  const taken = SELECTOR_PARAMETERS[kind].filter(
    (name) => of === undefined || !CHOOSE_REPOSITORIES.includes(name),
  );
  const selector: Selector = {};
  const given: string[] = [];
  for (const [name, text] of params) {
    if (besides.includes(name)) continue;
    const parameter = taken.includes(name) ? PARAMETERS[name] : undefined;
    if (parameter === undefined) throw unknown(name, [...taken, ...besides], subjectOf(kind, of));
    if (given.includes(name) && parameter.mayRepeat !== true) throw repeated(name);
    if (given.push(name) > FILTERS_MAX) throw tooMany(name);
    const part = parameter.read(text, { selector, now });
    if (part === undefined) throw wrong(name, text, parameter);
    Object.assign(selector, part);
  }
  return selector;
}

/**
 * Reads `orderBy` and `order` for a list. Without the former it is by name; without the latter names ascend, and all else
 * begins with the newest, largest or highest.
 * @throws PARAMETER_INVALID
 */
export function readOrder(kind: ListKind, orderBy: string | undefined, order: string | undefined): Order {
  const by = oneOf("orderBy", orderBy ?? "name", ORDERS[kind]);
  const direction = order === undefined ? undefined : oneOf("order", order, ["asc", "desc"]);
  return { by, descending: direction === undefined ? by !== "name" : direction === "desc" };
}

/**
 * Reads what `at` or `since` says: a revision, or a time, which may be an age.
 * @throws PARAMETER_INVALID
 */
export function readMoment(
  text: string,
  { parameter, now = new Date() }: { readonly parameter: string; readonly now?: Date },
): { readonly revision: Revision } | { readonly time: Date } {
  if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return { revision: Number(text) };
  const time = readTime(text, now);
  if (time === undefined) throw wrong(parameter, text, { form: `a revision, ${TIME_FORMS}` });
  return { time };
}

function parametersOf(kind: ListKind): string[] {
  return Object.keys(PARAMETERS).filter((name) => PARAMETERS[name]?.lists.includes(kind) === true);
}

function oneOf<Value extends string>(parameter: string, text: string, allowed: readonly Value[]): Value {
  const value = allowed.find((one) => one === text);
  if (value === undefined) throw wrong(parameter, text, { form: `one of ${allowed.join(", ")}`, allowed });
  return value;
}

function wrong(
  parameter: string,
  text: string,
  { form, allowed }: { form: string; allowed?: readonly string[] },
): RegistryError {
  return invalid(parameter, `${parameter} is ${shown(text)}; it must be ${form}`, allowed);
}

/** What is asked, in a sentence. */
function subjectOf(kind: Selected, of: RepositoryName | undefined): string {
  return kind === "search" ? "Search" : `A list of ${of ?? kind}`;
}

function unknown(name: string, allowed: readonly string[], subject: string): RegistryError {
  const sentence = `${subject} has no parameter ${shown(name)}; it has ${enumerated(allowed)}`;
  return invalid(name, sentence, allowed);
}

function repeated(name: string): RegistryError {
  return invalid(name, `${name} is given more than once; give it once, as nothing can be both`);
}

function tooMany(name: string): RegistryError {
  return invalid(name, `There are more than ${FILTERS_MAX} filters, of which ${name} is one; give fewer`);
}

function invalid(parameter: string, sentence: string, allowed?: readonly string[]): RegistryError {
  return new RegistryError("PARAMETER_INVALID", `${sentence}.`, {
    detail: { parameter: parameter.slice(0, PARAMETER_SHOWN_MAX), ...(allowed && { allowed }) },
  });
}
