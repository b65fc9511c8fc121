/**
 * The query of a request, taken apart when something in it is asked for: of a page that is kept, and of a manifest, nothing is.
 */
export class Query {
  readonly #sent: string;
  #params: URLSearchParams | undefined;

  /** `sent` is what stands behind the question mark. */
  constructor(sent: string) {
    this.#sent = sent;
  }

  get(name: string): string | null {
    return this.#all().get(name);
  }

  getAll(name: string): string[] {
    return this.#all().getAll(name);
  }

  keys(): ReturnType<URLSearchParams["keys"]> {
    return this.#all().keys();
  }

  [Symbol.iterator](): ReturnType<URLSearchParams["entries"]> {
    return this.#all()[Symbol.iterator]();
  }

  #all(): URLSearchParams {
    return (this.#params ??= new URLSearchParams(this.#sent));
  }
}
