import { RegistryError } from "../errors.ts";
import { json, type Answer, type Call } from "./call.ts";

/** OCI end-1: this is a registry, and the caller may use it. */
export async function ping(_call: Call): Promise<Answer> {
  return json({});
}

/** The process is alive. */
export async function alive(_call: Call): Promise<Answer> {
  return { status: 200, headers: { "Content-Type": "text/plain" }, body: "ok\n" };
}

/** The catalog and the blobs answer, so requests can be sent here; otherwise 503 that says which does not. */
export async function ready({ service }: Call): Promise<Answer> {
  await service.ready();
  return { status: 200, headers: { "Content-Type": "text/plain" }, body: "ready\n" };
}

/** Counters for Prometheus. */
export async function metrics({ service }: Call): Promise<Answer> {
  if (!service.metrics) throw new RegistryError("ROUTE_UNKNOWN", "Metrics are switched off here.");
  const { contentType, body } = await service.metrics();
  return { status: 200, headers: { "Content-Type": contentType }, body };
}
