/** What a platform that is asked for stands for. */
export type PlatformMeaning = {
  /** Short forms that mean it, the one that was asked for first. */
  readonly forms: readonly string[];
  /** That these are meant with any variant. */
  readonly anyVariant: boolean;
};

/** Names of architectures that others have for those of Go, and the variant that one implies. */
const ALIASES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  aarch64: ["arm64"],
  x86_64: ["amd64"],
  "x86-64": ["amd64"],
  i386: ["386"],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
};

/** The variant that content means which names none. */
const USUAL: Readonly<Record<string, string>> = { amd64: "v1", arm64: "v8", arm: "v7" };

/**
 * What the short form of a platform means, as clients read it (containerd's `platforms.Normalize`): `linux/arm64/v8` is
 * `linux/arm64`, and `linux/arm/v7` is `linux/arm`. One that is asked for without a variant is any variant of it.
 */
export function meaningOf(text: string): PlatformMeaning {
  const [os = "", asked = "", variantAsked] = text.split("/");
  const [architecture, implied] = (Object.hasOwn(ALIASES, asked) ? ALIASES[asked] : undefined) ?? [asked];
  const base = `${os}/${architecture}`;
  const variant = variantAsked ?? implied;
  if (variant === undefined) return { forms: [...new Set([text, base])], anyVariant: true };
  const named = /^\d$/.test(variant) ? `v${variant}` : variant;
  const isUsual = USUAL[architecture] === named;
  const hasNumber = architecture.startsWith("arm") && /^v\d$/.test(named);
  const forms = [
    text,
    `${base}/${named}`,
    ...(hasNumber ? [`${base}/${named.slice(1)}`] : []),
    ...(isUsual ? [base] : []),
  ];
  return { forms: [...new Set(forms)], anyVariant: false };
}

/** True when a platform, in its short form, is among what is meant. */
export function isMeant({ forms, anyVariant }: PlatformMeaning, platform: string): boolean {
  return forms.some((form) => form === platform || (anyVariant && platform.startsWith(`${form}/`)));
}
