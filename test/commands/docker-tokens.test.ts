import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dockerRegistry, Registry } from "../../bench/registries.ts";
import { bearer, TestAccess, tokenFor } from "../support/access.ts";
import { expectAnswer, jsonOf, send } from "../support/exchange.ts";
import { TestRegistry } from "../support/registry.ts";

const ABSENT =
  spawnSync("docker-registry", ["--version"]).error !== undefined && "docker-registry is not installed";

/** A certificate of a public key, which is all that distribution 2.8 takes keys from. Who vouches for it does not matter. */
function certificateOf(jwk: object, folder: string): string {
  const [key, any, certificate] = ["key.pem", "any.pem", "certificate.pem"].map((name) => join(folder, name));
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  writeFileSync(key ?? "", pem);
  const quiet = { stdio: "ignore" } as const;
  execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", any ?? ""], quiet);
  const subject = ["-subj", "/CN=supercargo", "-days", "30"];
  const made = [
    "x509",
    "-new",
    "-force_pubkey",
    key ?? "",
    "-key",
    any ?? "",
    ...subject,
    "-out",
    certificate ?? "",
  ];
  execFileSync("openssl", made, quiet);
  return certificate ?? "";
}

test("Debian's docker-registry takes our tokens, for what they allow", { skip: ABSENT }, async () => {
  const access = await TestAccess.open({ rules: [{ allow: ["write"], to: ["ann"], on: ["team/**"] }] }, [
    "ann",
  ]);
  await using ours = await TestRegistry.open({ access });
  const jwks = jsonOf(await send(ours.host, "GET /v2/_supercargo/jwks.json")) as { keys: [object] };
  const asking = dockerRegistry((folder) => ({
    auth: {
      token: {
        realm: `http://${ours.host}/v2/_supercargo/token`,
        service: "supercargo",
        issuer: "supercargo",
        rootcertbundle: certificateOf(jwks.keys[0], folder),
      },
    },
  }));
  await using debian = await Registry.open(asking);
  const host = `127.0.0.1:${debian.port}`;
  const { headers } = await send(host, "GET /v2/");
  assert.match(String(headers["www-authenticate"]), /service="supercargo"/);
  const scopes = ["repository:team/app:pull,push", "repository:other/app:pull,push"];
  const ann = bearer(await tokenFor(ours.host, "ann", scopes));
  await expectAnswer(host, "GET /v2/", { send: { headers: ann }, status: 200 });
  const begin = async (name: string): Promise<number> =>
    (await send(host, `POST /v2/${name}/blobs/uploads/`, { headers: ann })).status;
  assert.deepEqual([await begin("team/app"), await begin("other/app")], [202, 401]);
});
