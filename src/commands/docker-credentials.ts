import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { isDockerHub } from "../client/address.ts";
import type { Credentials } from "../client/authorization.ts";
import { oneLine } from "../client/failure.ts";
import { RegistryError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../oci/json.ts";

/** Under what docker keeps the login of Docker Hub, for history's sake. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";
/** How long a program that keeps credentials may take, in milliseconds: it may have to ask a person. */
const HELPER_MS_MAX = 120_000;
/** What such a program gives for a user name where the secret is an identity token. */
const IDENTITY = "<token>";
/** What such a program says when it has none. */
const NOT_FOUND = /credentials not found/i;

/**
 * How to log in to a registry, as docker login left it: in a program that keeps credentials (`credHelpers`,
 * `credsStore`) or in `config.json` itself. `undefined` where nobody is logged in.
 * @throws CONFIG_INVALID if the file or the program cannot be used
 */
export async function dockerCredentials(host: string): Promise<Credentials | undefined> {
  const folder = process.env["DOCKER_CONFIG"] ?? path.join(homedir(), ".docker");
  const file = path.join(folder, "config.json");
  const config = await readConfig(file);
  const key = isDockerHub(host) ? DOCKER_HUB_KEY : host;
  const helper =
    member(config, "credHelpers")[isDockerHub(host) ? "docker.io" : host] ?? config["credsStore"];
  if (typeof helper === "string" && helper !== "") return askHelper(helper, key);
  const entries = Object.entries(member(config, "auths"));
  const entry =
    entries.find(([name]) => name === key) ?? entries.find(([name]) => hostOf(name) === hostOf(key));
  return isJsonObject(entry?.[1]) ? credentialsOf(entry[1], file) : undefined;
}

async function readConfig(file: string): Promise<JsonObject> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new RegistryError("CONFIG_INVALID", `Docker's file ${file} cannot be read.`, { cause });
  }
  try {
    const config = JSON.parse(content) as unknown;
    return isJsonObject(config) ? config : {};
  } catch (cause) {
    throw new RegistryError("CONFIG_INVALID", `Docker's file ${file} is not JSON.`, { cause });
  }
}

function credentialsOf(entry: JsonObject, file: string): Credentials | undefined {
  const { identitytoken: identityToken, username, password, auth } = entry;
  if (typeof identityToken === "string" && identityToken !== "") return { identityToken };
  if (typeof auth === "string" && auth !== "") {
    const decoded = Buffer.from(auth, "base64").toString();
    const colon = decoded.indexOf(":");
    if (colon === -1) {
      throw new RegistryError(
        "CONFIG_INVALID",
        `In docker's file ${file}, an auth is not base64 of user:password.`,
      );
    }
    // Old versions of docker filled it up with NUL.
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, "") };
  }
  return typeof username === "string" && typeof password === "string" ? { username, password } : undefined;
}

/** Asks a program by docker's protocol: the server goes in, JSON comes out. */
async function askHelper(name: string, server: string): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "pipe"], timeout: HELPER_MS_MAX });
  const started = once(child, "spawn");
  // A program that does not read what it is told ends the pipe; its answer counts.
  child.stdin.on("error", () => undefined);
  child.stdin.end(server);
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  output.catch(() => undefined);
  try {
    await started;
  } catch (cause) {
    const message = `Docker's configuration names ${program}, which cannot be run; is it on the PATH?`;
    throw new RegistryError("CONFIG_INVALID", message, { cause });
  }
  const [stdout, stderr, [code]] = await output;
  if (code !== 0) {
    const said = oneLine(stdout || stderr);
    if (NOT_FOUND.test(said)) return undefined;
    throw new RegistryError("CONFIG_INVALID", `${program} gives no credentials: ${said}`);
  }
  const { Username: username = "", Secret: secret = "" } = JSON.parse(stdout) as Record<string, string>;
  if (username === "" && secret === "") return undefined;
  return username === IDENTITY ? { identityToken: secret } : { username, password: secret };
}

function member(config: JsonObject, name: string): JsonObject {
  const value = config[name];
  return isJsonObject(value) ? value : {};
}

/** The host of a key, which docker has written as a host, as a URL, and as a URL with a version. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}
