import type { Needs } from "./authorize.ts";
import type { Action } from "../access/action.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import type { Handler } from "./call.ts";
import { descriptorsAt, getManifestsList } from "./descriptors.ts";
import { discover } from "./discover.ts";
import { getRepositories, getTagHistoryIndex } from "./drafts.ts";
import { getEvents, getOwnEvents } from "./events.ts";
import { childrenAt } from "./forms.ts";
import { getTagHistory } from "./history.ts";
import { listIn, listOf } from "./lists.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { openapi } from "./openapi.ts";
import { alive, metrics, ping, ready } from "./operation.ts";
import { getReferrers } from "./referrers.ts";
import { deleteRepository, getCatalog, tagsAt } from "./repositories.ts";
import { getOldSearch, getSearch, pingOld } from "./search.ts";
import { getJwks } from "./jwks.ts";
import { getToken, postToken } from "./token.ts";
import { getWhoami } from "./whoami.ts";
import { deleteWebhook, getWebhook, getWebhooks, putWebhook } from "./webhooks.ts";
import { pauseWebhook, replayWebhook, resumeWebhook, testWebhook } from "./webhook-steering.ts";
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from "./uploads.ts";

export type Route = {
  readonly method: Method;
  readonly path: string;
  /** What a caller must be allowed, before anything of the request is looked at. */
  readonly needs: Needs;
  readonly handler: Handler;
};
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** An action is one in a repository, which the path has to name then. */
type Row =
  | readonly [Method, `${string}<name>${string}`, Needs, Handler]
  | readonly [Method, string, Exclude<Needs, Action>, Handler];

/**
 * The whole HTTP surface. `<name>` is a repository and may contain slashes; any other placeholder is one segment. GET
 * serves HEAD as well. What is literal in a path tells it from others, whatever a name contains; where a request ends with
 * `_list`, or asks for the history of a tag such as `manifests`, two fit and the first counts.
 */
export const ROUTES: readonly Route[] = (
  [
    ["GET", "/v2/_supercargo/token", "nothing", getToken],
    ["POST", "/v2/_supercargo/token", "nothing", postToken],
    ["GET", "/v2/_supercargo/jwks.json", "nothing", getJwks],
    ["GET", "/v2/_supercargo/whoami", "credentials", getWhoami],
    ["GET", "/v2/", "credentials", ping],
    ["GET", "/v2/_catalog", "catalog", getCatalog],
    ["GET", "/v2/_oci/ext/discover", "nothing", discover(() => ROUTES)],
    ["GET", "/v2/_supercargo/events", "seen", getEvents],
    ["GET", "/v2/_supercargo/search", "seen", getSearch],
    ["GET", "/v1/search", "seen", getOldSearch],
    ["GET", "/v1/_ping", "nothing", pingOld],
    ["GET", "/v2/_supercargo/openapi.json", "nothing", openapi(() => ROUTES)],
    ["GET", "/v2/_supercargo/repositories", "seen", listOf("repositories")],
    ["GET", "/v2/_supercargo/tags", "seen", listOf("tags")],
    ["GET", "/v2/_supercargo/manifests", "seen", listOf("manifests")],
    ["GET", "/v2/_supercargo/namespaces", "seen", listOf("namespaces")],

    ["GET", "/v2/_supercargo/webhooks", "administration", getWebhooks],
    ["GET", "/v2/_supercargo/webhooks/<webhook>", "administration", getWebhook],
    ["PUT", "/v2/_supercargo/webhooks/<webhook>", "administration", putWebhook],
    ["DELETE", "/v2/_supercargo/webhooks/<webhook>", "administration", deleteWebhook],
    ["POST", "/v2/_supercargo/webhooks/<webhook>/pause", "administration", pauseWebhook],
    ["POST", "/v2/_supercargo/webhooks/<webhook>/resume", "administration", resumeWebhook],
    ["POST", "/v2/_supercargo/webhooks/<webhook>/replay", "administration", replayWebhook],
    ["POST", "/v2/_supercargo/webhooks/<webhook>/test", "administration", testWebhook],

    ["GET", "/v2/<name>/tags/list", "list", tagsAt("tags/list")],
    ["GET", "/v2/repositories/list", "seen", childrenAt("repositories/list")],
    ["GET", "/v2/<name>/repositories/list", "seen", childrenAt("repositories/list")],
    ["GET", "/v2/<name>/descriptors/list", "list", descriptorsAt("descriptors/list")],
    ["GET", "/v2/_oci/repositories", "seen", getRepositories],
    ["GET", "/v2/<name>/_oci/repositories", "seen", getRepositories],
    ["GET", "/v2/<name>/_oci/tag-history/<tag>", "list", getTagHistoryIndex],
    ["GET", "/v2/<name>/_supercargo/tags/<tag>/history", "list", getTagHistory],

    ["GET", "/v2/<name>/tags/_list", "list", tagsAt("tags/_list")],
    ["GET", "/v2/<name>/manifests/_list", "list", getManifestsList],
    ["GET", "/v2/_list", "seen", childrenAt("_list")],
    ["GET", "/v2/<name>/_list", "seen", childrenAt("_list")],

    ["GET", "/v2/<name>/manifests/<reference>", "pull", getManifest],
    ["PUT", "/v2/<name>/manifests/<reference>", "push", putManifest],
    ["DELETE", "/v2/<name>/manifests/<reference>", "delete", deleteManifest],

    ["GET", "/v2/<name>/blobs/<digest>", "pull", getBlob],
    ["DELETE", "/v2/<name>/blobs/<digest>", "delete", deleteBlob],
    ["POST", "/v2/<name>/blobs/uploads", "push", postUpload],
    ["GET", "/v2/<name>/blobs/uploads/<id>", "push", getUpload],
    ["PATCH", "/v2/<name>/blobs/uploads/<id>", "push", patchUpload],
    ["PUT", "/v2/<name>/blobs/uploads/<id>", "push", putUpload],
    ["DELETE", "/v2/<name>/blobs/uploads/<id>", "push", deleteUpload],

    ["GET", "/v2/<name>/referrers/<digest>", "pull", getReferrers],
    ["GET", "/v2/<name>/_oci/ext/discover", "nothing", discover(() => ROUTES)],
    ["GET", "/v2/<name>/_supercargo/tags", "list", listIn("tags")],
    ["GET", "/v2/<name>/_supercargo/manifests", "list", listIn("manifests")],
    ["GET", "/v2/<name>/_supercargo/events", "list", getOwnEvents],
    ["DELETE", "/v2/<name>/_supercargo/repository", "delete", deleteRepository],

    ["GET", "/healthz", "nothing", alive],
    ["GET", "/readyz", "nothing", ready],
    ["GET", "/metrics", "everything", metrics],
  ] satisfies readonly Row[]
).map(([method, path, needs, handler]) => ({ method, path, needs, handler }));
