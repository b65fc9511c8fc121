import type { Readable } from "node:stream";
import type { Digest, SupportedAlgorithm } from "../oci/digest.ts";

/** First and last byte wanted, both inclusive, as in an HTTP range; `first` ≤ `last` < the blob's size. */
export type ByteRange = { readonly first: number; readonly last: number };

export type StoredBlob = {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** When the last of its bytes arrived. */
  readonly changed: Date;
};

/** What lies in the store's folders and is none of its own, by its path in the data folder. */
export type StrayFile = { readonly file: string; readonly size: number; readonly changed: Date };

/** A blob that is open. Who asked for it disposes of it, whether it was read or not. */
export type BlobContent = AsyncDisposable & {
  /** Of the whole blob, in bytes, also when only a range of it was asked for. */
  readonly size: number;
  /**
   * The bytes asked for, to be read once. A chunk holds until the next one is asked for: copy what is to be kept. That is
   * what lets a pull do with two buffers, whatever the size of the blob. An outage on the way is thrown.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
};

export type UploadStatus = {
  /** Bytes stored so far: the offset at which the next chunk starts. */
  readonly size: number;
};

export type UnfinishedUpload = UploadStatus & { readonly id: string; readonly changed: Date };

export type AppendOptions = {
  /** Where the caller believes the upload ends, in bytes. */
  readonly offset?: number | undefined;
  /** How many bytes the upload may have in all, those stored earlier included. */
  readonly limit?: number | undefined;
  /** Nobody else will look at the chunks of the source, so they may be emptied as soon as they are stored. */
  readonly owned?: boolean;
};

/**
 * Where the bytes of blobs live, addressed by their digest. Who may see a blob, and in which repositories it is,
 * the catalog knows; here a digest is either stored or it is not. Every implementation passes `test/contract/blobs.ts`.
 *
 * Guarantees:
 * - A digest that `size` or `read` finds is whole and was verified. Once `finishUpload` has resolved it is durable:
 *   it survives a power cut.
 * - Nothing half-written is ever visible under a digest, whatever fails and whenever.
 * - An upload survives a restart of the server: what `append` acknowledged is there when the store is opened again.
 *   More than that may be there, if the server ended without a word; `findUpload` tells. One that nothing was added to
 *   may be gone then.
 * - Absence is `undefined`, never an error. An outage is an error (`UNAVAILABLE`), never absence.
 * - Several processes may use one store at the same time, and an upload may go on in another one, but not in two at once:
 *   unless a store was opened for one process alone.
 *
 * An upload is changed by one call at a time: `append`, `finishUpload` and `cancelUpload` refuse with
 * `BLOB_UPLOAD_INVALID` while another of them is at work on the same upload. An id that could not be one is the id of
 * no upload.
 */
export interface Blobs extends AsyncDisposable {
  /** Size in bytes of the stored blob. */
  size(digest: Digest): Promise<number | undefined>;

  /** The blob's bytes, or those of `range`, which the caller disposes of. */
  read(digest: Digest, range?: ByteRange): Promise<BlobContent | undefined>;

  /**
   * Removes a blob; true if there was one. Whoever has it open reads on to its end. A power cut soon after may bring
   * it back.
   */
  remove(digest: Digest): Promise<boolean>;

  /** Every stored blob, in no particular order. Reads folders, not contents. */
  list(): AsyncIterable<StoredBlob>;

  /**
   * Keeps the bytes of a damaged blob where nobody is served them, so that it can be stored again; true if there was one.
   * For repairs: while a damaged blob is stored, bytes that are pushed anew are dropped in its favour.
   */
  setAside(digest: Digest): Promise<boolean>;

  /** What lies among blobs and uploads and is neither. */
  listStray(): AsyncIterable<StrayFile>;

  /** Removes what was listed as stray, by its name there; true if it was there. */
  removeStray(file: string): Promise<boolean>;

  /**
   * Starts an empty upload under an id of the caller's making: letters, digits and `._-`, 128 at most, the first
   * one no dot. `BLOB_UPLOAD_INVALID` when it is none, or in use. `algorithm` is what will most likely be asked for at
   * the end; another one costs reading the upload once more.
   */
  startUpload(id: string, algorithm: SupportedAlgorithm): Promise<void>;

  /** How far an upload is; undefined when there is none by that id. */
  findUpload(id: string): Promise<UploadStatus | undefined>;

  /**
   * Adds the bytes of `source` to the end of an upload and resolves with its new size. When `source` breaks off, what
   * arrived before stays, and its error is passed on. On every other error the upload is back at the size it had:
   * `BLOB_UPLOAD_UNKNOWN` when there is none by that id; `RANGE_INVALID` when `offset` is given and is not its size;
   * `SIZE_EXCEEDED` beyond `limit`; `STORAGE_FULL`. What is left of `source` then is the caller's: it is not destroyed,
   * so that the caller can still answer on its connection.
   */
  append(id: string, source: Readable, options?: AppendOptions): Promise<UploadStatus>;

  /**
   * The bytes of an upload that has at most so many, verified against `digest`, for one who keeps them elsewhere; undefined
   * when it has more. It stays. `DIGEST_INVALID`, `BLOB_UPLOAD_UNKNOWN` and `BLOB_UPLOAD_INVALID` as of `finishUpload`.
   */
  readUpload(id: string, digest: Digest, bytesMax: number): Promise<Uint8Array | undefined>;

  /**
   * Verifies an upload against `digest` and makes it the blob by that name, durably; the upload is then gone.
   * `DIGEST_INVALID` when the bytes have another digest, or nobody here can compute it (the upload stays);
   * `BLOB_UPLOAD_UNKNOWN`, `STORAGE_FULL`. An outage may cost the upload. Storing what is stored already succeeds.
   */
  finishUpload(id: string, digest: Digest): Promise<{ readonly size: number }>;

  /** Ends an upload and drops its bytes; true if there was one. */
  cancelUpload(id: string): Promise<boolean>;

  /** Unfinished uploads with their last change, oldest first. */
  listUploads(): AsyncIterable<UnfinishedUpload>;
}
