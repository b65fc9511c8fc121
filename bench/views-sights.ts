/** A caller, and where they may list, in a registry of so many repositories. */
export type Sight = {
  readonly name: string;
  readonly about: string;
  readonly on: (size: number, nameOf: (number: number) => string, namespace: number) => readonly string[];
};

/** Callers who see little, some, most and all. */
export const SIGHTS: readonly Sight[] = [
  {
    name: "three",
    about: "3 repositories",
    on: (size, nameOf) => [0, 1, 2].map((n) => nameOf(Math.floor((n * size) / 3))),
  },
  {
    name: "scattered",
    about: "1,000 scattered ones",
    on: (size, nameOf) =>
      Array.from({ length: Math.min(1_000, size) }, (_, n) =>
        nameOf(Math.floor((n * size) / Math.min(1_000, size))),
      ),
  },
  { name: "namespace", about: "one namespace of 10,000", on: () => ["ns-000/**"] },
  {
    name: "butone",
    about: "all but one namespace",
    on: (size, _, namespace) =>
      Array.from(
        { length: Math.ceil(size / namespace) },
        (__, n) => `ns-${String(n).padStart(3, "0")}/**`,
      ).filter((_pattern, n) => n !== Math.floor(size / namespace / 2)),
  },
  { name: "everything", about: "everything", on: () => ["**"] },
];
