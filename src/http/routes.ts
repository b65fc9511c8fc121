import { deleteBlob, getBlob } from "./blobs.ts";
import type { Handler } from "./call.ts";
import { descriptorsAt, getManifestsList } from "./descriptors.ts";
import { discover } from "./discover.ts";
import { getRepositories, getTagHistoryIndex } from "./drafts.ts";
import { getEvents } from "./events.ts";
import { childrenAt } from "./forms.ts";
import { getTagHistory } from "./history.ts";
import { listIn, listOf } from "./lists.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { openapi } from "./openapi.ts";
import { alive, metrics, ping, ready } from "./operation.ts";
import { getReferrers } from "./referrers.ts";
import { deleteRepository, getCatalog, tagsAt } from "./repositories.ts";
import { getOldSearch, getSearch, pingOld } from "./search.ts";
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from "./uploads.ts";

export type Route = { readonly method: Method; readonly path: string; readonly handler: Handler };
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * The whole HTTP surface. `<name>` is a repository and may contain slashes; any other placeholder is one segment. GET
 * serves HEAD as well. What is literal in a path tells it from others, whatever a name contains; where a request ends with
 * `_list`, or asks for the history of a tag such as `manifests`, two fit and the first counts.
 */
export const ROUTES: readonly Route[] = (
  [
    ["GET", "/v2/", ping],
    ["GET", "/v2/_catalog", getCatalog],
    ["GET", "/v2/_oci/ext/discover", discover(() => ROUTES)],
    ["GET", "/v2/_supercargo/events", getEvents],
    ["GET", "/v2/_supercargo/search", getSearch],
    ["GET", "/v1/search", getOldSearch],
    ["GET", "/v1/_ping", pingOld],
    ["GET", "/v2/_supercargo/openapi.json", openapi(() => ROUTES)],
    ["GET", "/v2/_supercargo/repositories", listOf("repositories")],
    ["GET", "/v2/_supercargo/tags", listOf("tags")],
    ["GET", "/v2/_supercargo/manifests", listOf("manifests")],
    ["GET", "/v2/_supercargo/namespaces", listOf("namespaces")],

    ["GET", "/v2/<name>/tags/list", tagsAt("tags/list")],
    ["GET", "/v2/repositories/list", childrenAt("repositories/list")],
    ["GET", "/v2/<name>/repositories/list", childrenAt("repositories/list")],
    ["GET", "/v2/<name>/descriptors/list", descriptorsAt("descriptors/list")],
    ["GET", "/v2/_oci/repositories", getRepositories],
    ["GET", "/v2/<name>/_oci/repositories", getRepositories],
    ["GET", "/v2/<name>/_oci/tag-history/<tag>", getTagHistoryIndex],
    ["GET", "/v2/<name>/_supercargo/tags/<tag>/history", getTagHistory],

    ["GET", "/v2/<name>/tags/_list", tagsAt("tags/_list")],
    ["GET", "/v2/<name>/manifests/_list", getManifestsList],
    ["GET", "/v2/_list", childrenAt("_list")],
    ["GET", "/v2/<name>/_list", childrenAt("_list")],

    ["GET", "/v2/<name>/manifests/<reference>", getManifest],
    ["PUT", "/v2/<name>/manifests/<reference>", putManifest],
    ["DELETE", "/v2/<name>/manifests/<reference>", deleteManifest],

    ["GET", "/v2/<name>/blobs/<digest>", getBlob],
    ["DELETE", "/v2/<name>/blobs/<digest>", deleteBlob],
    ["POST", "/v2/<name>/blobs/uploads", postUpload],
    ["GET", "/v2/<name>/blobs/uploads/<id>", getUpload],
    ["PATCH", "/v2/<name>/blobs/uploads/<id>", patchUpload],
    ["PUT", "/v2/<name>/blobs/uploads/<id>", putUpload],
    ["DELETE", "/v2/<name>/blobs/uploads/<id>", deleteUpload],

    ["GET", "/v2/<name>/referrers/<digest>", getReferrers],
    ["GET", "/v2/<name>/_oci/ext/discover", discover(() => ROUTES)],
    ["GET", "/v2/<name>/_supercargo/tags", listIn("tags")],
    ["GET", "/v2/<name>/_supercargo/manifests", listIn("manifests")],
    ["DELETE", "/v2/<name>/_supercargo/repository", deleteRepository],

    ["GET", "/healthz", alive],
    ["GET", "/readyz", ready],
    ["GET", "/metrics", metrics],
  ] as const
).map(([method, path, handler]) => ({ method, path, handler }));
