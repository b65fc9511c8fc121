import type { ArtifactClass } from "../oci/artifact-class.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Tag } from "../oci/tag.ts";
import { formatTime, type TimeText } from "../oci/time.ts";
import type { Engine, Value } from "./engine.ts";
import type {
  Items,
  ListKind,
  ListQuery,
  ManifestItem,
  NamespaceItem,
  RepositoryItem,
  TagItem,
} from "./items.ts";
import { TABLES } from "./list-orders.ts";
import { momentOf, NOW } from "./moment.ts";
import { artifactTypesOf, tagNames, tagsOf } from "./list-extras.ts";

/** A row of a page: the columns of its table, and those that {@link detailsOf} adds. */
export type Row = Readonly<Record<string, Value>>;

export type Details = { readonly columns: string; readonly values: readonly Value[]; readonly join: string };

export const NO_DETAILS: Details = { columns: "", values: [], join: "" };

/** What else the statement of a page reads for the rows it shows. */
export function detailsOf(engine: Engine, kind: ListKind, { include, at }: ListQuery): Details {
  if (kind === "namespaces") return NO_DETAILS;
  if (kind === "repositories") return include?.has("latest") ? latestColumns(engine, at) : NO_DETAILS;
  if (kind === "manifests") return manifestDetails(engine, at);
  const moment = at === undefined ? NOW : momentOf(at);
  const values: Value[] = [];
  const columns: string[] = [];
  if (include?.has("annotations")) columns.push("c.annotations");
  if (include?.has("labels")) {
    columns.push(`case when exists (select 1 from manifest m where m.repository = page.repository
      and m.digest = page.digest and m.described = 1 and ${moment.holds("m")}) then c.labels end as labels`);
    values.push(...moment.values);
  }
  if (columns.length === 0) return NO_DETAILS;
  return {
    columns: `, ${columns.join(", ")}`,
    values,
    // Not left to the database: one that begins with contents reads them all.
    join: "cross join content c where c.digest = page.digest",
  };
}

/** Looks contents up only where there is something to be shown of them. */
function manifestDetails(engine: Engine, at: number | undefined): Details {
  const { column, values } = tagNames(engine, at);
  return {
    columns: `, c.annotations, case when page.described = 1 then c.labels end as labels, ${column} as tag_names`,
    values,
    join: "left join content c on c.digest = case when page.annotated = 1 then page.digest end",
  };
}

/** The tag of a repository that moved last: the newest of its rows that hold at the moment. */
function latestColumns(engine: Engine, at: number | undefined): Details {
  const tags = (index: string): string =>
    `select t.name, t.digest, t.updated, t.since from tag t ${engine.using(index)} where t.repository = page.name`;
  const current = `${tags("tag_repository_by_updated")} and t.until is null`;
  const rows =
    at === undefined
      ? `${current} and t.since >= 0`
      : `select * from (${current} and t.since <= ? order by t.since desc limit 1) newest
          union all ${tags("tag_ended")} and t.until > ? and t.since <= ?`;
  const columns = ["name", "digest", "updated"].map(
    (name) =>
      `(select newest.${name} from (${rows}) newest order by newest.since desc limit 1) as latest_${name}`,
  );
  const values = at === undefined ? [] : [at, at, at];
  return { columns: `, ${columns.join(", ")}`, values: columns.flatMap(() => values), join: "" };
}

/** Makes items of the rows of a page, with what takes a statement more for all of them together. */
export async function itemsOf<Kind extends ListKind>(
  engine: Engine,
  kind: Kind,
  { rows, query }: { rows: readonly Row[]; query: ListQuery },
): Promise<Items[Kind][]> {
  const items = query.namesOnly
    ? rows.map((row) => namesOf(kind, row))
    : await MAKERS[kind](engine, rows, query);
  return items as Items[Kind][];
}

type Maker = (engine: Engine, rows: readonly Row[], query: ListQuery) => Promise<Items[ListKind][]>;

const MAKERS: Readonly<Record<ListKind, Maker>> = {
  repositories: async (engine, rows, query) => {
    const types = query.include?.has("artifactTypes")
      ? await artifactTypesOf(engine, rows, query.at)
      : undefined;
    return rows.map((row) => repositoryItem(row, types && (types.get(String(row["name"])) ?? [])));
  },
  tags: async (_engine, rows, { include }) => rows.map((row) => tagItem(row, include)),
  manifests: (engine, rows, { at }) =>
    Promise.all(rows.map(async (row) => manifestItem(row, await tagsOf(engine, row, at)))),
  namespaces: async (_engine, rows) => rows.map(namespaceItem),
};

/** Every column that names an entry is called as the field of an item that shows it. */
function namesOf(kind: ListKind, row: Row): Readonly<Record<string, Value>> {
  const shown = TABLES[kind].names.filter((name) => name !== "parent");
  return Object.fromEntries(shown.map((name) => [name, row[name] ?? null]));
}

function repositoryItem(row: Row, artifactTypes: readonly string[] | undefined): RepositoryItem {
  return {
    name: row["name"] as RepositoryName,
    created: time(row["created"]),
    updated: time(row["updated"]),
    ...pulledOf(row),
    tagCount: Number(row["tags"]),
    manifestCount: Number(row["manifests"]),
    size: Number(row["size"]),
    ...(row["latest_name"] != null && {
      latest: {
        name: row["latest_name"] as Tag,
        digest: row["latest_digest"] as Digest,
        updated: time(row["latest_updated"]),
      },
    }),
    ...(artifactTypes && { artifactTypes }),
  };
}

function tagItem(row: Row, include: ListQuery["include"]): TagItem {
  return {
    repository: row["repository"] as RepositoryName,
    name: row["name"] as Tag,
    ...contentOf(row),
    created: time(row["created"]),
    updated: time(row["updated"]),
    ...pulledOf(row),
    ...(include?.has("platforms") && { platforms: platformsOf(row) }),
    ...(include?.has("annotations") && { annotations: pairsOf(row["annotations"]) }),
    ...(include?.has("labels") && { labels: pairsOf(row["labels"]) }),
  };
}

function manifestItem(row: Row, tags: Pick<ManifestItem, "tags" | "tagCount">): ManifestItem {
  return {
    repository: row["repository"] as RepositoryName,
    ...contentOf(row),
    pushed: time(row["pushed"]),
    ...pulledOf(row),
    ...(row["subject"] != null && { subject: row["subject"] as Digest }),
    ...(row["image_created"] != null && { imageCreated: time(row["image_created"]) }),
    platforms: platformsOf(row),
    annotations: pairsOf(row["annotations"]),
    labels: pairsOf(row["labels"]),
    ...tags,
  };
}

function namespaceItem(row: Row): NamespaceItem {
  return {
    path: String(row["path"]),
    repository: row["repository"] === 1,
    repositoryCount: Number(row["repositories"]),
    created: time(row["created"]),
    updated: time(row["updated"]),
  };
}

function contentOf(
  row: Row,
): Pick<TagItem, "digest" | "mediaType" | "artifactType" | "class" | "size" | "imageSize"> {
  return {
    digest: row["digest"] as Digest,
    mediaType: String(row["media_type"]),
    ...(row["artifact_type"] != null && { artifactType: String(row["artifact_type"]) }),
    class: row["class"] as ArtifactClass,
    size: Number(row["size"]),
    imageSize: Number(row["image_size"]),
  };
}

function pulledOf(row: Row): { pulled?: TimeText } {
  return row["pulled"] ? { pulled: time(row["pulled"]) } : {};
}

function platformsOf(row: Row): readonly string[] {
  return row["platforms"] ? String(row["platforms"]).split(" ") : [];
}

function pairsOf(json: Value | undefined): Record<string, string> {
  return typeof json === "string" ? (JSON.parse(json) as Record<string, string>) : {};
}

function time(milliseconds: Value | undefined): TimeText {
  return formatTime(Number(milliseconds));
}
