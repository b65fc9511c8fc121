import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/name.ts";
import type { Page, Referrer } from "./catalog.ts";
import type { Queryable } from "./engine.ts";

export type ReferrersFilter = { readonly artifactType?: string | undefined; readonly bytesMax: number };

type Row = {
  digest: Digest;
  media_type: string;
  artifact_type: string | null;
  size: number;
  /** None of a row that the page has no more room for. */
  annotations: string | null;
};

/** A page of the manifests that name a subject, as `Catalog.listReferrers` says. */
export async function readReferrers(
  database: Queryable,
  { repository, subject }: { repository: RepositoryName; subject: Digest },
  page: Page<string> & ReferrersFilter,
): Promise<{ referrers: Referrer[]; more: boolean }> {
  const { after = "", limit, artifactType, bytesMax } = page;
  const [ofType, types] = artifactType === undefined ? ["", []] : ["and c.artifact_type = ?", [artifactType]];
  const rows = await database.all<Row>(
    `select digest, media_type, artifact_type, size,
        case when total <= ? or total = octet_length(annotations) then annotations end as annotations
      from (
        select c.digest, c.media_type, c.artifact_type, c.size, c.annotations,
            sum(octet_length(c.annotations)) over (order by f.digest) as total
          from manifest f join content c on c.digest = f.digest
          where f.repository = ? and f.subject = ? and f.digest > ? and f.until is null ${ofType}
          order by f.digest limit ?
      ) page order by digest`,
    [bytesMax, repository, subject, after, ...types, limit + 1],
  );
  const referrers = rows.slice(0, limit).flatMap(referrerOf);
  return { referrers, more: rows.length > referrers.length };
}

function referrerOf(row: Row): Referrer[] {
  if (row.annotations === null) return [];
  return [
    {
      digest: row.digest,
      mediaType: row.media_type,
      size: row.size,
      ...(row.artifact_type !== null && { artifactType: row.artifact_type }),
      annotations: JSON.parse(row.annotations) as Record<string, string>,
    },
  ];
}
