import { MEDIA_TYPES } from "../oci/media-type.ts";
import type { Description, Success } from "./openapi-operation.ts";
import { query } from "./openapi-parameters.ts";
import { list, object, schema } from "./openapi-schemas.ts";

const ANY = "*/*";
const BYTES = "application/octet-stream";
const TEXT = { type: "string" };

const NOT_MODIFIED: Success = { says: "The caller has this already.", headers: ["ETag"] };
const ACCEPTED: Success = { says: "It is gone." };
const PUSHED: Success = { says: "It is stored.", headers: ["Location", "Docker-Content-Digest"] };
const GOES_ON: Success = {
  says: "Where the upload goes on, and how far it is.",
  headers: ["Location", "Range", "Docker-Upload-UUID"],
};
const EXTENSION = ["name", "url", "description", "endpoints"];

const DISCOVER: Description = {
  summary: "Which extensions there are.",
  answers: {
    200: {
      says: "The extensions.",
      body: object(
        {
          extensions: list(
            object(
              {
                name: TEXT,
                url: TEXT,
                description: TEXT,
                endpoints: list(TEXT),
                limits: { type: "object" },
                orders: { type: "object", additionalProperties: list(TEXT) },
                retentionSeconds: { type: "integer" },
              },
              EXTENSION,
            ),
          ),
        },
        ["extensions"],
      ),
    },
  },
};

/** The routes of the standard other than its lists, and those of operation. */
export const STANDARD: Readonly<Record<string, Description>> = {
  "GET /v2/": {
    summary: "This is a registry, and the caller may use it (end-1).",
    answers: { 200: { says: "It is.", body: object({}, []) } },
  },
  "GET /v2/_oci/ext/discover": DISCOVER,
  "GET /v2/<name>/_oci/ext/discover": DISCOVER,

  "GET /v2/<name>/manifests/<reference>": {
    summary: "A manifest, byte for byte as it was pushed (end-3).",
    answers: {
      200: { says: "The manifest.", headers: ["Docker-Content-Digest", "ETag"], type: ANY, body: {} },
      304: NOT_MODIFIED,
    },
    codes: ["NAME_UNKNOWN", "MANIFEST_UNKNOWN"],
  },
  "PUT /v2/<name>/manifests/<reference>": {
    summary: "Pushes a manifest, and sets its tags (end-7a, end-7b).",
    parameters: [{ ...query("tag", "Tags to set, in a push by digest", list(schema("Tag"))), explode: true }],
    takes: [ANY],
    answers: { 201: { ...PUSHED, mayHave: ["OCI-Subject", "OCI-Tag"] } },
    codes: [
      "MANIFEST_INVALID",
      "MANIFEST_BLOB_UNKNOWN",
      "PARAMETER_INVALID",
      "SIZE_EXCEEDED",
      "SIZE_INVALID",
      "STORAGE_FULL",
    ],
  },
  "DELETE /v2/<name>/manifests/<reference>": {
    summary: "Deletes a tag, or a manifest and all its tags (end-9).",
    answers: { 202: ACCEPTED },
    codes: ["NAME_UNKNOWN", "MANIFEST_UNKNOWN"],
  },

  "GET /v2/<name>/blobs/<digest>": {
    summary: "A blob, or the part of it that `Range` asks for (end-2).",
    answers: {
      200: { says: "The blob.", headers: ["Docker-Content-Digest", "ETag"], type: BYTES, body: {} },
      206: { says: "The part.", headers: ["Content-Range", "ETag"], type: BYTES, body: {} },
      304: NOT_MODIFIED,
    },
    codes: ["NAME_UNKNOWN", "BLOB_UNKNOWN", "RANGE_INVALID"],
  },
  "DELETE /v2/<name>/blobs/<digest>": {
    summary: "Takes a blob out of a repository (end-10).",
    answers: { 202: ACCEPTED },
    codes: ["NAME_UNKNOWN", "BLOB_UNKNOWN"],
  },
  "POST /v2/<name>/blobs/uploads": {
    summary: "Begins an upload, takes a whole blob, or mounts one (end-4a, end-4b, end-4c, end-11).",
    parameters: [
      query("digest", "The digest of the blob that is the request's body", schema("Digest")),
      query("digest-algorithm", "What the upload's digest will be of", { ...TEXT, default: "sha256" }),
      query("mount", "A blob to mount", schema("Digest")),
      query("from", "The repository that has it; any that has unless given", schema("RepositoryName")),
    ],
    takes: [BYTES],
    answers: { 201: PUSHED, 202: GOES_ON },
    codes: ["DIGEST_INVALID", "BLOB_UPLOAD_INVALID", "SIZE_EXCEEDED", "SIZE_INVALID", "STORAGE_FULL"],
  },
  "GET /v2/<name>/blobs/uploads/<id>": {
    summary: "How far an upload is (end-13).",
    answers: { 204: GOES_ON },
    codes: ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"],
  },
  "PATCH /v2/<name>/blobs/uploads/<id>": {
    summary: "Adds bytes to an upload (end-5).",
    parameters: [{ name: "Content-Range", in: "header", schema: TEXT }],
    takes: [BYTES],
    answers: { 202: GOES_ON },
    codes: [
      "BLOB_UPLOAD_UNKNOWN",
      "BLOB_UPLOAD_INVALID",
      "RANGE_INVALID",
      "SIZE_EXCEEDED",
      "SIZE_INVALID",
      "STORAGE_FULL",
    ],
  },
  "PUT /v2/<name>/blobs/uploads/<id>": {
    summary: "Ends an upload (end-6).",
    parameters: [{ ...query("digest", "The blob's digest", schema("Digest")), required: true }],
    takes: [BYTES],
    answers: { 201: PUSHED },
    codes: [
      "BLOB_UPLOAD_UNKNOWN",
      "BLOB_UPLOAD_INVALID",
      "DIGEST_INVALID",
      "RANGE_INVALID",
      "SIZE_EXCEEDED",
      "SIZE_INVALID",
      "STORAGE_FULL",
    ],
  },
  "DELETE /v2/<name>/blobs/uploads/<id>": {
    summary: "Gives up an upload (end-14).",
    answers: { 204: ACCEPTED },
    codes: ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"],
  },

  "GET /v2/<name>/referrers/<digest>": {
    summary: "What has this manifest as its subject (end-12).",
    parameters: [
      query("artifactType", "Only those of this type"),
      query("last", "The digest behind which the page begins"),
    ],
    answers: {
      200: {
        says: "An image index.",
        mayHave: ["OCI-Filters-Applied", "Link"],
        type: MEDIA_TYPES.ociIndex,
        body: schema("Index"),
      },
    },
    codes: ["PARAMETER_INVALID"],
  },

  "GET /healthz": {
    summary: "The process is alive.",
    answers: { 200: { says: "It is.", type: "text/plain", body: TEXT } },
  },
  "GET /readyz": {
    summary: "Catalog and blobs answer.",
    answers: { 200: { says: "They do.", type: "text/plain", body: TEXT } },
  },
  "GET /metrics": {
    summary: "Counters for Prometheus.",
    answers: { 200: { says: "The counters.", type: ANY, body: TEXT } },
    codes: ["ROUTE_UNKNOWN"],
  },
};
