import { gzipSync } from "node:zlib";
import { type Artifact, artifactOf, contentOf, documentOf } from "./content.ts";
import { tarOf } from "./tar.ts";

const CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json";
const CHART_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/** What a Helm chart says of itself. */
export type ChartSource = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly created: Date;
};

/** A Helm chart as `helm push` makes it: the packed chart, with its `Chart.yaml` as the config. */
export function chartOf({ name, version, description, created }: ChartSource): Artifact {
  const about = { apiVersion: "v2", name, version, appVersion: version, description, type: "application" };
  const chart = tarOf({
    [`${name}/Chart.yaml`]: Object.entries(about)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join(""),
    [`${name}/values.yaml`]: "replicas: 2\nport: 8080\n",
    [`${name}/templates/service.yaml`]: SERVICE,
  });
  return artifactOf({
    config: documentOf(CHART_CONFIG, about),
    layers: [contentOf(CHART_CONTENT, gzipSync(chart))],
    annotations: {
      "org.opencontainers.image.title": name,
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.description": description,
      "org.opencontainers.image.created": created.toISOString(),
    },
  });
}

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector:
    app: {{ .Release.Name }}
  ports:
    - port: {{ .Values.port }}
`;
