import { describe } from "node:test";
import { describeBulk } from "./catalog/bulk.ts";
import { describeCompaction } from "./catalog/compaction.ts";
import { describeConcurrency } from "./catalog/concurrency.ts";
import { describeContent } from "./catalog/content.ts";
import { describeCrawls } from "./catalog/crawls.ts";
import { describeFacts } from "./catalog/facts.ts";
import { describeListEdges } from "./catalog/list-edges.ts";
import { describeLists } from "./catalog/lists.ts";
import { describeLog } from "./catalog/log.ts";
import { describeMigrations } from "./catalog/migrations.ts";
import { describeMoments } from "./catalog/moments.ts";
import { describePairs } from "./catalog/pairs.ts";
import type { NewPlace } from "./catalog/place.ts";
import { describeSearch } from "./catalog/search.ts";
import { describeSearchAmongMany } from "./catalog/search-many.ts";
import { describePulls } from "./catalog/pulls.ts";
import { describeTagHistory } from "./catalog/tag-history.ts";
import { describeViews } from "./catalog/views.ts";
import { describeUpgrade } from "./catalog/upgrade.ts";
import { describeWebhooks } from "./catalog/webhooks.ts";
import { describeWrites } from "./catalog/writes.ts";

/**
 * What every catalog has to keep of its promise (`src/catalog/catalog.ts`), whatever engine is below it; no case asks
 * which. `newPlace` gives each case an empty database.
 */
export function describeCatalog(name: string, newPlace: NewPlace): void {
  describe(`the catalog on ${name}`, () => {
    describeLog(newPlace);
    describeFacts(newPlace);
    describeWrites(newPlace);
    describeContent(newPlace);
    describeCompaction(newPlace);
    describeMigrations(newPlace);
    describeUpgrade(newPlace);
    describeLists(newPlace);
    describeViews(newPlace);
    describeListEdges(newPlace);
    describePairs(newPlace);
    describeCrawls(newPlace);
    describeMoments(newPlace);
    describeTagHistory(newPlace);
    describePulls(newPlace);
    describeBulk(newPlace);
    describeConcurrency(newPlace);
    describeSearch(newPlace);
    describeSearchAmongMany(newPlace);
    describeWebhooks(newPlace);
  });
}
