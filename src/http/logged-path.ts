/** How much of a path is logged, in characters. Names and references of any legal length fit. */
const PATH_LOGGED_MAX = 1024;
/** What is logged in place of a secret. */
const REDACTED = "…";

/** Parameters that hold secrets, here or where they were meant for. */
const SECRET_NAME =
  /token|passw|pwd|secret|auth|credential|signature|api.?key|jwt|^(?:code|key|sig|session)$/i;
/** Secrets by their form, whatever they stand in: of robots, of webhooks, and signed tokens. */
const SECRET_FORM = /supercargo_[\w-]{16,}|whsec_[\w+/-]{16,}|eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g;
/** Name and password in a target that is a whole URL. */
const USER = /^([a-z]+:\/\/)[^/?]*@/i;
/** Something of every target that has to be looked at: few have any, and to take one apart is a tenth of a small request. */
const MAY_BE_SECRET =
  /[%+@]|token|passw|pwd|secret|auth|credential|jwt|code|key|sig|session|supercargo_|whsec_|eyJ/i;

/** The target of a request as it may be logged: what can be a secret is left out, and so is the end of a long one. */
export function loggedPath(target: string): string {
  return shortened(MAY_BE_SECRET.test(target) ? withoutSecrets(target) : target);
}

function shortened(target: string): string {
  return target.length > PATH_LOGGED_MAX ? `${target.slice(0, PATH_LOGGED_MAX)}…` : target;
}

function withoutSecrets(target: string): string {
  const query = target.indexOf("?") + 1;
  const whole =
    query === 0 ? target : target.slice(0, query) + target.slice(query).split("&").map(parameter).join("&");
  return whole.replace(USER, `$1${REDACTED}@`).replaceAll(SECRET_FORM, REDACTED);
}

function parameter(text: string): string {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(equals, 0));
  const isSecret =
    SECRET_NAME.test(decoded(name)) || decoded(text.slice(equals + 1)).search(SECRET_FORM) >= 0;
  return isSecret ? `${text.slice(0, equals + 1)}${REDACTED}` : text;
}

/** As whoever reads it would, as well as that goes. */
function decoded(text: string): string {
  if (!/[%+]/.test(text)) return text;
  return new URLSearchParams(`text=${text}`).get("text") ?? "";
}
