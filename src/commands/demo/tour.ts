import { BUSY } from "./fill.ts";

/** A question about the registry, and the command that answers it. */
export type Stop = { readonly question: string; readonly command: string };

/**
 * Ten commands worth trying. `url` is the registry's, `before` the revision at which the busy hour began, `supercargo` how
 * this program is called here.
 */
export function tourOf(registry: { url: string; before: number; supercargo: string }): readonly Stop[] {
  const { url, before, supercargo } = registry;
  const host = new URL(url).host;
  const ours = `${url}/v2/_supercargo`;
  const { repository, tag } = BUSY;
  return [
    {
      question: "What is below the namespace shop/backend, with counts?",
      command: `${supercargo} namespaces ${host}/shop/backend`,
    },
    {
      question: "Which ten tags moved last, anywhere, not counting signatures?",
      command: `curl '${ours}/tags?orderBy=updated&class=image,index&n=10'`,
    },
    {
      question: "Which manifests have no tag, the largest first?",
      command: `curl '${ours}/manifests?tagged=false&orderBy=imageSize&n=10'`,
    },
    {
      question: "Which Helm charts were pushed this week?",
      command: `${supercargo} tags ${host} --class chart --created-since 7d`,
    },
    {
      question: "Which images of the team payments run on linux/arm64?",
      command: `curl '${ours}/manifests?platform=linux/arm64&label=team=payments'`,
    },
    {
      question: "Which repositories are empty?",
      command: `curl '${ours}/repositories?empty=true'`,
    },
    {
      question: `What has ${repository}:${tag} pointed to?`,
      command: `curl '${url}/v2/${repository}/_supercargo/tags/${tag}/history'`,
    },
    {
      question: "What did its tags point to before the last hotfix?",
      command: `curl '${url}/v2/${repository}/_supercargo/tags?at=${before}'`,
    },
    {
      question: "What has happened since then, deletions included?",
      command: `curl '${ours}/events?after=${before}'`,
    },
    {
      question: "Where is redis, as a chart?",
      command: `${supercargo} search ${host} 'redis type:chart'`,
    },
  ];
}
