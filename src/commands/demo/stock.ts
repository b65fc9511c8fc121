import type { ImageSource } from "./image.ts";

/** A version as it is pushed: to these tags, which move to it. */
export type Release = { readonly version: string; readonly tags: readonly string[] };

/** A repository of images, and how its maintainers push them. */
export type Product = {
  readonly repository: string;
  readonly team: string;
  readonly description: string;
  readonly releases: readonly Release[];
  readonly platforms: readonly string[];
  readonly format: ImageSource["format"];
  readonly base?: NonNullable<ImageSource["base"]>;
  /** Attestations stand beside the images in the index. */
  readonly attested?: true;
  /** How releases are signed, if they are. */
  readonly signed?: "by tag" | "by subject";
  /** Releases have a list of their packages. */
  readonly sbom?: true;
};

/** A repository of Helm charts. */
export type Chart = {
  readonly name: string;
  readonly description: string;
  readonly versions: readonly string[];
};

const AMD64 = "linux/amd64";
const ARM64 = "linux/arm64";
const EVERYWHERE = [AMD64, ARM64, "linux/arm/v7"];
const SERVERS = [AMD64, ARM64];

const ALPINE = { program: "alpine", version: "3.22.1" };
const DEBIAN = { program: "debian", version: "13.1" };

const BUILDS = 12;

/** Every repository of images but one, which is emptied again. */
export const PRODUCTS: readonly Product[] = [
  ...library(),
  ...shop(),
  ...infrastructure(),
  ...pipelines(),
  ...builds(),
  {
    repository: "hello",
    team: "docs",
    description: "The first image of the tutorial",
    releases: [{ version: "1.0.0", tags: ["latest"] }],
    platforms: [AMD64],
    format: "oci",
    base: ALPINE,
  },
];

export const CHARTS: readonly Chart[] = [
  {
    name: "payments",
    description: "Payments API and its worker",
    versions: ["0.9.0", "1.0.0", "1.0.1", "1.1.0"],
  },
  {
    name: "orders",
    description: "Orders API and its worker",
    versions: ["2.3.0", "2.3.1", "2.10.0", "3.0.0-rc.1"],
  },
  { name: "storefront", description: "The shop's pages", versions: ["4.0.0", "4.0.1", "4.1.0+build.7"] },
  {
    name: "redis",
    description: "In-memory store with replicas",
    versions: ["18.6.1", "19.0.0", "19.0.2", "20.1.0"],
  },
  { name: "postgres", description: "Database with backups", versions: ["15.2.0", "15.2.5", "16.0.0"] },
  {
    name: "ingress",
    description: "The way into the cluster",
    versions: ["4.9.0", "4.10.0", "4.10.1", "4.11.0"],
  },
  {
    name: "monitoring",
    description: "Prometheus, Grafana and alerts",
    versions: ["58.2.0", "59.0.0", "60.1.0"],
  },
];

/** Systems and well-known programs, flat, for every platform, tagged as such images are. */
function library(): Product[] {
  const all = { team: "platform", platforms: EVERYWHERE, format: "oci" } as const;
  const product = (name: string, description: string, versions: readonly string[]): Product => {
    return { ...all, repository: `library/${name}`, description, releases: releasesOf(versions) };
  };
  const onAlpine = { base: ALPINE, attested: true } as const;
  const onDebian = { base: DEBIAN, attested: true } as const;
  return [
    product("alpine", "A small Linux", ["3.20.7", "3.21.4", "3.22.0", "3.22.1"]),
    product("busybox", "A userland in one file", ["1.36.1", "1.37.0"]),
    product("debian", "The universal operating system", ["12.10", "12.11", "13.0", "13.1"]),
    { ...product("nginx", "Web server and proxy", ["1.26.3", "1.28.0", "1.29.1"]), ...onDebian },
    { ...product("redis", "In-memory data store", ["7.2.10", "7.4.5", "8.0.3", "8.2.0-rc.1"]), ...onAlpine },
    { ...product("postgres", "Relational database", ["15.13", "16.9", "17.5", "18.0"]), ...onDebian },
    { ...product("node", "JavaScript runtime", ["20.19.4", "22.17.1", "24.4.1"]), ...onDebian },
    {
      ...product("python", "Python interpreter", ["3.9.23", "3.12.11", "3.13.5", "3.14.0-rc.1"]),
      ...onDebian,
    },
    { ...product("golang", "Go compiler and tools", ["1.23.11", "1.24.5"]), ...onDebian },
  ];
}

/** What the company sells with: deep, for two platforms, attested, signed, with lists of packages. */
function shop(): Product[] {
  const versions = ["1.8.0", "1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "2.1.0"];
  const all = { format: "oci", platforms: SERVERS, attested: true, sbom: true } as const;
  const product = (path: string, team: string, description: string): Product => {
    const signed = team === "payments" ? "by subject" : "by tag";
    const releases = releasesOf(versions);
    return { ...all, repository: `shop/${path}`, team, description, releases, signed, base: DEBIAN };
  };
  return [
    product("backend/payments/api", "payments", "Takes payments by card and transfer"),
    product("backend/payments/worker", "payments", "Settles payments at night"),
    product("backend/orders/api", "orders", "Takes orders and answers for them"),
    product("backend/orders/worker", "orders", "Sends orders to the warehouse"),
    product("backend/catalogue/api", "catalogue", "Articles, prices and stock"),
    product("backend/catalogue/indexer", "catalogue", "Feeds the search of articles"),
    product("frontend/web", "web", "The shop's pages"),
    product("frontend/admin", "web", "The back office's pages"),
  ];
}

/** What the cluster needs: some of it two segments deep, some three. */
function infrastructure(): Product[] {
  const all = {
    team: "infra",
    format: "oci",
    platforms: SERVERS,
    base: ALPINE,
    signed: "by subject",
  } as const;
  const product = (path: string, description: string, versions: readonly string[]): Product => {
    return { ...all, repository: `infra/${path}`, description, releases: releasesOf(versions) };
  };
  return [
    product("ingress", "Routes requests into the cluster", ["1.11.0", "1.12.0", "1.12.1"]),
    product("dns", "Names of services", ["1.11.4", "1.12.2"]),
    product("backup", "Copies volumes every night", ["0.9.9", "0.10.0", "0.10.1"]),
    product("monitoring/prometheus", "Collects metrics", ["2.55.1", "3.4.2", "3.5.0"]),
    product("monitoring/grafana", "Shows metrics", ["11.6.3", "12.0.2"]),
    product("monitoring/alerts/router", "Tells people about metrics", ["0.27.0", "0.28.1"]),
  ];
}

/** For one platform, still in Docker's format. */
function pipelines(): Product[] {
  const all = { team: "data", platforms: [AMD64], format: "docker", base: DEBIAN } as const;
  const names = [
    "data/ingest",
    "data/clean",
    "data/join",
    "data/report",
    "ml/vision/training",
    "ml/vision/inference",
  ];
  return names.map((repository) => ({
    ...all,
    repository,
    description: `The step ${repository.split("/").at(-1)} of the nightly run`,
    releases: releasesOf(["0.1.0", "0.2.0", "0.10.0", "1.0.0"]),
  }));
}

/** What every commit makes: the tag `main` moves from build to build, and leaves most of them without a tag. */
function builds(): Product[] {
  const all = { team: "web", platforms: [AMD64], format: "oci", base: ALPINE } as const;
  const releases = Array.from({ length: BUILDS }, (_, at) => ({
    version: `build-${at + 1}`,
    tags: at % 4 === 3 ? [`pr-${100 + at}`] : ["main"],
  }));
  return ["ci/shop-web", "ci/shop-api", "ci/tools/linter"].map((repository) => ({
    ...all,
    repository,
    description: "Made from the last commit",
    releases,
  }));
}

/** A stable version moves the shorter ones and `latest` to itself, as most maintainers do. */
function releasesOf(versions: readonly string[]): Release[] {
  return versions.map((version) => {
    if (version.includes("-")) return { version, tags: [version] };
    const parts = version.split(".");
    const shorter = parts.map((_, at) => parts.slice(0, at + 1).join("."));
    return { version, tags: [...shorter, "latest"] };
  });
}
