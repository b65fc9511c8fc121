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
import { artifactTypesOf, countTags, tagNames, tagsOf, tagsThen } from "./list-extras.ts";

/** A row of a page: columns of its table, and those that {@link detailsOf} adds. */
export type Row = Readonly<Record<string, Value>>;

export type Details = { readonly columns: string; readonly values: readonly Value[]; readonly join: string };

export const NO_DETAILS: Details = { columns: "", values: [], join: "" };

/** What else the statement of a page reads for the rows `f` it shows. */
export function detailsOf(engine: Engine, kind: ListKind, { include, at }: ListQuery): Details {
  if (kind === "namespaces") return NO_DETAILS;
  if (kind === "repositories") return include?.has("latest") ? latestColumns(engine, at) : NO_DETAILS;
  const isManifest = kind === "manifests";
  const columns: string[] = [];
  if (isManifest || include?.has("annotations")) {
    columns.push(`${asRowSays("c.annotations", "f.annotations")} as annotations`);
  }
  if (isManifest || include?.has("labels")) {
    columns.push(`${asRowSays("case when f.described = 1 then c.labels end", "f.labels")} as labels`);
  }
  if (columns.length === 0) return NO_DETAILS;
  const tags = isManifest ? tagNames(engine, at) : undefined;
  if (tags) columns.push(`${tags.column} as all_tags`);
  return {
    columns: `, ${columns.join(", ")}`,
    values: tags?.values ?? [],
    // Contents are looked up only where what is shown of them does not stand in the row. There is one: of an inner join a
    // database may begin with contents, and read them all.
    join: "left join content c on c.digest = case when f.annotated = 2 then f.digest end",
  };
}

/** Annotations or labels from where the row says that they are. Of a row that has none, which is most, neither is read. */
function asRowSays(lookedUp: string, inRow: string): string {
  return `case f.annotated when 1 then ${inRow} when 2 then ${lookedUp} end`;
}

/** The tag of a repository that moved last: the newest of its rows that hold at the moment. */
function latestColumns(engine: Engine, at: number | undefined): Details {
  const tags = (index: string): string =>
    `select t.name, t.digest, t.updated, t.since from tag t ${engine.using(index)} where t.repository = f.name`;
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
  const items = query.namesOnly ? namesOf(kind, rows) : await MAKERS[kind](engine, rows, query);
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
  manifests: async (engine, rows, { at }) => {
    const then = at === undefined ? undefined : await tagsThen(engine, rows, at);
    const items: ManifestItem[] = [];
    for (const row of rows) {
      items.push(manifestItem(row, tagsOf(row, then) ?? (await countTags(engine, row, at))));
    }
    return items;
  },
  namespaces: async (_engine, rows) => rows.map(namespaceItem),
};

/** Every column that names an entry is called as the field of an item that shows it. */
function namesOf(kind: ListKind, rows: readonly Row[]): Readonly<Record<string, Value>>[] {
  const shown = TABLES[kind].names.filter((name) => name !== "parent");
  return rows.map((row) => {
    const item: Record<string, Value> = {};
    for (const name of shown) item[name] = row[name] ?? null;
    return item;
  });
}

// Items are filled one field after the other, in the order in which they are shown: to spread what a row may lack into one
// takes four times as long.

/** An item that is being made. */
type Making<Item> = { -readonly [Field in keyof Item]: Item[Field] };

function repositoryItem(row: Row, artifactTypes: readonly string[] | undefined): RepositoryItem {
  const item: Partial<Making<RepositoryItem>> = {
    name: row["name"] as RepositoryName,
    created: time(row["created"]),
    updated: time(row["updated"]),
  };
  if (row["pulled"]) item.pulled = time(row["pulled"]);
  item.tagCount = Number(row["tags"]);
  item.manifestCount = Number(row["manifests"]);
  item.size = Number(row["size"]);
  if (row["latest_name"] != null) {
    item.latest = {
      name: row["latest_name"] as Tag,
      digest: row["latest_digest"] as Digest,
      updated: time(row["latest_updated"]),
    };
  }
  if (artifactTypes) item.artifactTypes = artifactTypes;
  return item as RepositoryItem;
}

function tagItem(row: Row, include: ListQuery["include"]): TagItem {
  const item: Partial<Making<TagItem>> = {
    repository: row["repository"] as RepositoryName,
    name: row["name"] as Tag,
    digest: row["digest"] as Digest,
    mediaType: String(row["media_type"]),
  };
  fillContent(item, row);
  item.created = time(row["created"]);
  item.updated = time(row["updated"]);
  if (row["pulled"]) item.pulled = time(row["pulled"]);
  if (include?.has("platforms")) item.platforms = platformsOf(row);
  if (include?.has("annotations")) item.annotations = pairsOf(row["annotations"]);
  if (include?.has("labels")) item.labels = pairsOf(row["labels"]);
  return item as TagItem;
}

function manifestItem(row: Row, { tags, tagCount }: Pick<ManifestItem, "tags" | "tagCount">): ManifestItem {
  const item: Partial<Making<ManifestItem>> = {
    repository: row["repository"] as RepositoryName,
    digest: row["digest"] as Digest,
    mediaType: String(row["media_type"]),
  };
  fillContent(item, row);
  item.pushed = time(row["pushed"]);
  if (row["pulled"]) item.pulled = time(row["pulled"]);
  if (row["subject"] != null) item.subject = row["subject"] as Digest;
  if (row["image_created"] != null) item.imageCreated = time(row["image_created"]);
  item.platforms = platformsOf(row);
  item.annotations = pairsOf(row["annotations"]);
  item.labels = pairsOf(row["labels"]);
  item.tags = tags;
  item.tagCount = tagCount;
  return item as ManifestItem;
}

function fillContent(item: Partial<Making<TagItem | ManifestItem>>, row: Row): void {
  if (row["artifact_type"] != null) item.artifactType = String(row["artifact_type"]);
  item.class = row["class"] as ArtifactClass;
  item.size = Number(row["size"]);
  item.imageSize = Number(row["image_size"]);
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

function platformsOf(row: Row): readonly string[] {
  return row["platforms"] ? String(row["platforms"]).split(" ") : [];
}

function pairsOf(json: Value | undefined): Record<string, string> {
  return typeof json === "string" ? (JSON.parse(json) as Record<string, string>) : {};
}

function time(milliseconds: Value | undefined): TimeText {
  return formatTime(Number(milliseconds));
}
