import { RegistryProcess } from "../support/registry-process.ts";
import { Folder } from "./client.ts";
import { type Content, makeContent } from "./content.ts";
import { assertLogEqualsLists } from "./log.ts";

/** `host:port` of a registry that runs already: the same commands against another show whose fault a failure is. */
const HOST = process.env["REGISTRY_UNDER_TEST"];

/** What a suite works with: an empty registry of its own, content to push, and a folder to pull into. */
export class Scene implements AsyncDisposable {
  /** `127.0.0.1:<port>`, plain HTTP. */
  readonly host: string;
  readonly content: Content;
  readonly folder: Folder;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    host: string,
    content: Content,
    resources: { folder: Folder; all: AsyncDisposableStack },
  ) {
    this.host = host;
    this.content = content;
    this.folder = resources.folder;
    this.#resources = resources.all;
  }

  static async open(): Promise<Scene> {
    await using resources = new AsyncDisposableStack();
    const folder = resources.use(await Folder.create());
    const content = await makeContent(folder.at("content"));
    const host = HOST ?? resources.use(await RegistryProcess.start()).host;
    return new Scene(host, content, { folder, all: resources.move() });
  }

  /** Asks the registry itself, past every client. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return await fetch(`http://${this.host}${path}`, init);
  }

  /** The tags of a repository, all of them while they fit one page. */
  async tags(repository: string): Promise<string[]> {
    const response = await this.fetch(`/v2/${repository}/tags/list`);
    if (response.status !== 200) throw new Error(`the tags of ${repository}: ${response.status}`);
    const list = (await response.json()) as { tags: string[] };
    return list.tags;
  }

  /** Ends the suite, after holding what its clients left behind against the log that says how it came about. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _ = this.#resources;
    if (HOST === undefined) await assertLogEqualsLists(this.host);
  }
}
