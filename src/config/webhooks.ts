import { z } from "zod";
import { RegistryError } from "../errors.ts";
import {
  FORMATS,
  readDefinition,
  SECRET_FORM,
  URL_FORM,
  WEBHOOK_NAME,
  WEBHOOK_NAME_FORM,
  type Definition,
} from "../webhooks/definition.ts";

/** What a webhook's members may be. */
const MEMBERS: Readonly<Record<string, string>> = {
  url: URL_FORM,
  format: FORMATS.join(", "),
  selector: "which events, by the parameters of the log, such as { type: tag.set, under: library }",
  secret: `${SECRET_FORM}, by which deliveries are signed`,
};

/** Webhooks by their names, as the file has them. Issues are where in the file the mistakes are. */
export const WEBHOOKS_SCHEMA = z
  .record(
    z.string(),
    z.strictObject({
      url: z.string(),
      format: z.string().meta({ enum: FORMATS }).optional(),
      selector: z.record(z.string(), z.string()).optional(),
      secret: z.string().optional(),
    }),
  )
  .transform((values, context) => {
    const read = new Map<string, Definition>();
    for (const [name, value] of Object.entries(values)) {
      const path = WEBHOOK_NAME.test(name) ? problemOf(name, value, read) : [name];
      if (path) context.addIssue({ code: "custom", path, message: "not understood" });
    }
    return read;
  });

/** Where a definition is wrong; `undefined` when it is not, and then it is noted. */
function problemOf(name: string, value: unknown, read: Map<string, Definition>): string[] | undefined {
  try {
    read.set(name, readDefinition(value));
    return undefined;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const { parameter } = error.detail as { parameter: string };
    return Object.hasOwn(MEMBERS, parameter) ? [name, parameter] : [name, "selector"];
  }
}

/** What may stand at a place among the webhooks, to follow "it may be"; `undefined` where nothing may. */
export function webhooksMayBe(path: readonly string[]): string | undefined {
  const [name, member, part] = path;
  if (path.length > 3 || (part !== undefined && member !== "selector")) return undefined;
  if (name === undefined) return `names of ${WEBHOOK_NAME_FORM}, each with what it is`;
  if (!WEBHOOK_NAME.test(name)) return `something by a name of ${WEBHOOK_NAME_FORM}`;
  if (member === undefined) return "what is told to whom, such as { url: https://scanner.example/events }";
  return MEMBERS[member];
}

/** Webhooks as a person would write them. */
export const WEBHOOKS_EXAMPLE = `webhooks:
  scanner:
    url: https://scanner.example/events
    format: batch
    selector: { type: manifest.pushed, under: library }
    secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
`;

/** The keys that may stand at a place among the webhooks. */
export function webhookKeys(path: readonly string[]): readonly string[] {
  return path.length === 1 ? Object.keys(MEMBERS) : [];
}

/** URLs may have a password in them. */
export function isWebhookSecret([, member]: readonly string[]): boolean {
  return member === "secret" || member === "url";
}
