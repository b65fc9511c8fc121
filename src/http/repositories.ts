import * as repositories from "../registry/repositories.ts";
import { repositoryOf, type Answer, type Call, type Handler } from "./call.ts";
import { answerPage, namedPage, NAMES, readPage } from "./form-page.ts";

/** The old list of all repositories, right: complete, in bytewise order, and cheap on every page (R17 to R24). */
export async function getCatalog(call: Call): Promise<Answer> {
  const page = await readPage(call, NAMES);
  return answerPage(call, { path: "/v2/_catalog", at: page.at }, async () => {
    const found = await repositories.listRepositories(call.registry, page);
    return namedPage(page, found, (names) => ({ repositories: names }));
  });
}

/** Serves the names of a repository's tags (OCI end-8) at a path behind its name. */
export function tagsAt(place: string): Handler {
  return async (call) => {
    const repository = repositoryOf(call);
    const page = await readPage(call, NAMES);
    const { at } = page;
    const requireThere = (): Promise<void> => repositories.requireRepository(call.registry, repository, at);
    return answerPage(call, { path: `/v2/${repository}/${place}`, at, requireThere }, async () => {
      const found = await repositories.listTags(call.registry, repository, page);
      return namedPage(page, found, (tags) => ({ name: repository, tags }));
    });
  };
}

/** Deletes a whole repository. */
export async function deleteRepository(call: Call): Promise<Answer> {
  await repositories.deleteRepository(call.registry, repositoryOf(call), call.origin);
  return { status: 202 };
}
