import { hash } from "node:crypto";
import type { NameRange, View } from "../oci/view.ts";
import type { Pattern } from "../oci/pattern.ts";
import type { Action } from "./action.ts";
import type { Caller, Grant } from "./caller.ts";
import { grantsOf, type Policy } from "./policy.ts";

/** Views kept of each policy. One more, and all are made anew. */
const VIEWS_MAX = 1_000;

const kept = new WeakMap<Policy, Map<string, View | undefined>>();

/**
 * The repositories in which the caller may do something, by the policy and the caller's own limits; `undefined` when it is
 * everywhere. It shows a name exactly when `permits` does.
 */
export function viewOf(policy: Policy, caller: Caller, action: Action): View | undefined {
  if (policy.rules === undefined) return undefined;
  const views = kept.get(policy) ?? new Map<string, View | undefined>();
  kept.set(policy, views);
  const key = JSON.stringify([action, caller.user, caller.groups, caller.grants?.map(textOf)]);
  if (views.has(key)) return views.get(key);
  if (views.size >= VIEWS_MAX) views.clear();
  const view = makeView(grantsOf(policy, caller), caller.grants, action);
  views.set(key, view);
  return view;
}

function textOf({ pattern, actions }: Grant): readonly string[] {
  return [pattern.text, ...actions];
}

function makeView(
  allowed: readonly Grant[],
  limits: readonly Grant[] | undefined,
  action: Action,
): View | undefined {
  const rangesFor = (grants: readonly Grant[]): NameRange[] =>
    rangesOf(grants.filter(({ actions }) => actions.has(action)).map(({ pattern }) => pattern));
  const ranges = limits ? intersection(rangesFor(allowed), rangesFor(limits)) : rangesFor(allowed);
  const [only] = ranges;
  if (ranges.length === 1 && only?.from === "" && only.to === undefined && !only.any) return undefined;
  const key = ranges.map(({ from, to, any }) => [from, to, any?.map((all) => all.map(({ text }) => text))]);
  return { key: hash("sha256", JSON.stringify(key)), ranges };
}

/** A pattern's part of the names: all between two, or those that fit it. */
type Stretch = { readonly from: string; readonly to?: string | undefined; readonly only?: Pattern };

/** Names that fit one of the patterns, in order, none twice. */
function rangesOf(patterns: readonly Pattern[]): NameRange[] {
  const stretches = [...new Map(patterns.map((pattern) => [pattern.text, pattern])).values()].flatMap(
    stretchesOf,
  );
  const bounds = [...new Set(stretches.flatMap(({ from, to }) => [from, to ?? END]))].toSorted(compare);
  const beginning = Map.groupBy(stretches, ({ from }) => from);
  const ending = Map.groupBy(stretches, ({ to }) => to ?? END);
  const open = new Set<Stretch>();
  const ranges: NameRange[] = [];
  for (const [at, from] of bounds.entries()) {
    for (const stretch of ending.get(from) ?? []) open.delete(stretch);
    for (const stretch of beginning.get(from) ?? []) open.add(stretch);
    const next = bounds[at + 1];
    if (open.size === 0 || next === undefined) continue;
    const to = next === END ? undefined : next;
    const patternsHere = [...open].map(({ only }) => only);
    const any = patternsHere.includes(undefined)
      ? undefined
      : patternsHere.flatMap((only) => (only ? [[only]] : []));
    add(ranges, { from, to, any });
  }
  return ranges;
}

/** Behind all names. */
const END = "\u007f";

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Adds a range behind the others, as a part of the last where the two are one. */
function add(ranges: NameRange[], range: NameRange): void {
  const last = ranges.at(-1);
  const isOne = last !== undefined && last.to === range.from && !last.any && !range.any;
  if (isOne) ranges.splice(-1, 1, { ...last, to: range.to });
  else ranges.push(range);
}

function stretchesOf(pattern: Pattern): Stretch[] {
  const { text, segments } = pattern;
  const at = segments.findIndex((segment) => segment.includes("*"));
  if (at < 0) return [itself(text)];
  const [before, segment = "", behind] = [
    segments.slice(0, at).join("/"),
    segments[at],
    segments.slice(at + 1),
  ];
  const head = before === "" ? "" : `${before}/`;
  if (segment === "**") {
    const only = behind.length > 0 ? { only: pattern } : {};
    const below = { ...beginningWith(head), ...only };
    return before === "" ? [below] : [{ ...itself(before), ...only }, below];
  }
  const literal = segment.slice(0, segment.indexOf("*"));
  // Whatever begins so, and whatever is below that.
  const isAll = segment === `${literal}*` && behind.length === 1 && behind[0] === "**";
  return [{ ...beginningWith(head + literal), ...(!isAll && { only: pattern }) }];
}

/** Names have no control characters, so that nothing comes between a name and this. */
function itself(name: string): Stretch {
  return { from: name, to: `${name}\u0001` };
}

function beginningWith(text: string): Stretch {
  if (text === "") return { from: "" };
  return { from: text, to: text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1) };
}

/** Names that are in a range of both. */
function intersection(some: readonly NameRange[], others: readonly NameRange[]): NameRange[] {
  const met: NameRange[] = [];
  let [a, b] = [0, 0];
  for (;;) {
    const [one, other] = [some[a], others[b]];
    if (!one || !other) return met;
    const from = one.from < other.from ? other.from : one.from;
    const endsFirst = (one.to ?? END) <= (other.to ?? END);
    const to = endsFirst ? one.to : other.to;
    if (to === undefined || from < to) add(met, { from, to, any: both(one.any, other.any) });
    if (endsFirst) a++;
    else b++;
  }
}

function both(some: NameRange["any"], others: NameRange["any"]): NameRange["any"] {
  if (!some || !others) return some ?? others;
  return some.flatMap((all) => others.map((more) => [...all, ...more]));
}
