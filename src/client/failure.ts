import { ERROR_CODES, RegistryError, type ErrorCode } from "../errors.ts";
import type { Answer } from "./exchange.ts";

/** How much of what a registry says of a failure is repeated, in UTF-16 units. */
const MESSAGE_MAX = 500;

/** What a status means where the body does not say more. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: "UNAUTHORIZED",
  403: "DENIED",
  404: "ROUTE_UNKNOWN",
  405: "UNSUPPORTED",
  410: "REVISION_EXPIRED",
  413: "SIZE_EXCEEDED",
  429: "TOOMANYREQUESTS",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
};

/** The failure that an answer tells of, in the form of distribution-spec "Error Codes" or in any other. */
export function failureOf({ url, status, bytes }: Answer): RegistryError {
  const { code, message, detail } = readError(bytes);
  const known = ERROR_CODES.find((one) => one === code);
  const fallback = CODE_OF_STATUS[status] ?? (status >= 500 ? "UNKNOWN" : "REQUEST_INVALID");
  // 401 and 403 count as what they are: some registries put codes of other meanings beside them.
  const refusal = status === 401 || status === 403 ? CODE_OF_STATUS[status] : undefined;
  const said = message ?? code ?? "without saying why";
  return new RegistryError(
    refusal ?? known ?? fallback,
    `${url.host} answered ${status} to ${url.pathname}: ${sentence(oneLine(said))}`,
    { detail },
  );
}

/** A stranger's text on one line, shortened, without what a terminal would obey. */
export function oneLine(text: string): string {
  const short = text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX)}…` : text;
  return short.replaceAll(/\s+/g, " ").replaceAll(/\p{C}/gu, "?").trim();
}

/** With a full stop at its end, for others may follow. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function readError(bytes: Uint8Array): { code?: string; message?: string; detail?: unknown } {
  try {
    const body = JSON.parse(Buffer.from(bytes).toString()) as {
      errors?: { code?: unknown; message?: unknown; detail?: unknown }[];
    };
    const { code, message, detail } = body.errors?.[0] ?? {};
    return {
      ...(typeof code === "string" && { code }),
      ...(typeof message === "string" && message !== "" && { message }),
      ...(detail !== undefined && { detail }),
    };
  } catch {
    return {};
  }
}
