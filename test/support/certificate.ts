import { execFileSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import type { Pair } from "../../src/http/certificate.ts";

/** A new certificate for 127.0.0.1 that vouches for itself, by openssl. */
export function newPair(name: string): Pair {
  using folder = mkdtempDisposableSync(join(tmpdir(), "supercargo-certificate-"));
  const [cert, key] = ["cert.pem", "key.pem"].map((file) => join(folder.path, file)) as [string, string];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
