import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { KEYS, loadConfig } from "./config.ts";
import { PARTS } from "./config/schema.ts";
import { RegistryError } from "./errors.ts";

/** A configuration file that is gone at the end of the test. */
async function configFile(text: string): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "supercargo-config-"));
  const path = join(folder, "supercargo.yaml");
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** The problems of what is given, a sentence each. */
async function problemsOf(
  flags: Record<string, string>,
  env: Record<string, string> = {},
): Promise<string[]> {
  try {
    await loadConfig({ flags, env });
  } catch (error) {
    assert.ok(error instanceof RegistryError && error.code === "CONFIG_INVALID");
    const { problems } = error.detail as { problems: string[] };
    for (const problem of problems) assert.ok(error.message.includes(problem));
    return problems;
  }
  return [];
}

test("without anything set, the defaults are in force", async () => {
  const { config } = await loadConfig({ flags: {}, env: {} });
  assert.deepEqual(config, {
    listen: { host: "127.0.0.1", port: 5000 },
    open: false,
    tls: {},
    rateLimits: {},
    tokens: {},
    data: resolve("data"),
    retention: 30 * 86_400_000,
    log: { level: "info" },
    limits: { manifestBytes: 4 * 2 ** 20, streams: 1_000 },
    manifests: { missingBlobs: "accept" },
    uploads: { expire: 86_400_000 },
    cors: {},
    shutdown: { grace: 30_000 },
  });
});

test("flags win over the environment, the environment over the file, the file over the defaults", async () => {
  await using file = await configFile(
    "data: /file\nretention: 1d\nlog:\n  level: warn\nlimits: {manifestBytes: 8388608}\n",
  );
  const { config, settings } = await loadConfig({
    flags: { config: file.path, data: "/flag" },
    env: { SUPERCARGO_DATA: "/environment", SUPERCARGO_RETENTION: "2d" },
  });
  assert.equal(config.data, "/flag");
  assert.equal(config.retention, 2 * 86_400_000);
  assert.equal(config.log.level, "warn");
  assert.equal(config.limits.manifestBytes, 8 * 2 ** 20);
  const from = Object.fromEntries(settings.map((setting) => [setting.key, setting.from]));
  assert.equal(from["data"], "--data");
  assert.equal(from["retention"], "SUPERCARGO_RETENTION");
  assert.equal(from["log.level"], "supercargo.yaml, line 4");
  assert.equal(from["shutdown.grace"], "default");
});

test("every key can be set by its variable and by its flag", async () => {
  const samples: Record<string, string> = {
    listen: "[::1]:1",
    open: "true",
    data: "/d",
    htpasswd: "/u",
    catalog: "postgres://h/d",
    "tokens.issuer": "auth",
    "tokens.audience": "registry",
    "tokens.jwks": "/keys.json",
    "tokens.realm": "https://auth.example/token",
    "tls.cert": "/c",
    "tls.key": "/k",
    trustProxy: "10.0.0.0/8,::1",
    webhookTargets: "127.0.0.1",
    "rateLimits.list": "5/s",
    "rateLimits.pull": "5/m",
    "rateLimits.push": "5/h",
    "rateLimits.login": "1/s",
    url: "https://a",
    retention: "1h",
    "log.level": "debug",
    "limits.manifestBytes": "5MiB",
    "limits.blobBytes": "1GiB",
    "limits.streams": "5",
    "manifests.missingBlobs": "refuse",
    "uploads.expire": "1h",
    "cors.origins": "*",
    "shutdown.grace": "1s",
  };
  const byFlag = await loadConfig({ flags: samples, env: {} });
  const variables = KEYS.map((key) => [key.variable, samples[key.path] ?? ""]);
  const byVariable = await loadConfig({ flags: {}, env: Object.fromEntries(variables) });
  assert.deepEqual(byVariable.config, byFlag.config);
  assert.deepEqual(
    byFlag.settings.slice(0, KEYS.length).map(({ key, from }) => [key, from]),
    KEYS.map((key) => [key.path, key.flag]),
  );
  assert.deepEqual(
    byVariable.settings.slice(0, KEYS.length).map(({ from }) => from),
    KEYS.map((key) => key.variable),
  );
});

test("all problems are reported at once, each with key, value, source and what it may be", async () => {
  await using file = await configFile(
    "listen: 5000\nlog:\n  level: loud\n  levle: info\nretentoin: 1d\nuploads: 3\n",
  );
  const problems = await problemsOf(
    { config: file.path, "limits.manifestBytes": "1MiB" },
    { SUPERCARGO_LISTN: "x", SUPERCARGO_SHUTDOWN_GRACE: "soon" },
  );
  const expected = [
    /^SUPERCARGO_LISTN \(environment\).* Did you mean SUPERCARGO_LISTEN\?$/,
    /^listen is 5000 \(supercargo.yaml, line 1\); it may be HOST:PORT/,
    /^log\.level is "loud" \(supercargo.yaml, line 3\); it may be error, warn, info or debug\.$/,
    /^"log\.levle" \(supercargo.yaml, line 4\) is no key\. Did you mean log\.level\?$/,
    /^"retentoin" \(supercargo.yaml, line 5\) is no key\. Did you mean retention\?$/,
    /^uploads \(supercargo.yaml, line 6\) must hold keys: uploads\.expire\.$/,
    /^limits\.manifestBytes is "1MiB" \(--limits-manifest-bytes\); it may be a size from 4MiB to 64MiB\.$/,
    /^shutdown\.grace is "soon" \(SUPERCARGO_SHUTDOWN_GRACE\); it may be a whole number of s, m, h or d/,
  ];
  assert.equal(problems.length, expected.length, problems.join("\n"));
  for (const pattern of expected)
    assert.ok(
      problems.some((problem) => pattern.test(problem)),
      `${pattern} in\n${problems.join("\n")}`,
    );
});

test("a name that resembles no key gets no suggestion", async () => {
  await using file = await configFile("storage: {}\n__proto__: {listen: x}\n");
  const problems = await problemsOf({ config: file.path });
  assert.deepEqual(
    problems.map((problem) => problem.replace(/ \(.*\)/, "")),
    ['"storage" is no key.', '"__proto__" is no key.'],
  );
});

test("what is wrong with the file itself is told without quoting it", async () => {
  await using broken = await configFile("data: /d\ncatalog: [postgres://u:geheim@h\n");
  await using list = await configFile("- data\n");
  assert.match(
    (await problemsOf({ config: broken.path })).join("\n"),
    /supercargo.yaml, line 3 is not good YAML/,
  );
  assert.doesNotMatch((await problemsOf({ config: broken.path })).join("\n"), /geheim/);
  assert.match((await problemsOf({ config: list.path })).join("\n"), /must consist of keys and values/);
  assert.match(
    (await problemsOf({ config: "/nowhere/x.yaml" })).join("\n"),
    /\/nowhere\/x.yaml cannot be read/,
  );
});

test("a refused value of a secret key is not repeated", async () => {
  await using file = await configFile("catalog: [u, geheim]\n");
  for (const problems of [
    await problemsOf({ catalog: "postgres://u:geheim/x@h" }),
    await problemsOf({}, { SUPERCARGO_CATALOG: "u:geheim@h" }),
    await problemsOf({ config: file.path }),
  ]) {
    assert.equal(problems.length, 1);
    assert.match(problems.join(), /^catalog is «hidden» \(.*\); it may be postgres:/);
    assert.doesNotMatch(problems.join(), /geheim/);
  }
});

test("settings show the catalog without its password", async () => {
  const { config, settings } = await loadConfig({ flags: { catalog: "postgres://u:geheim@h/d" }, env: {} });
  assert.equal(config.catalog?.reveal(), "postgres://u:geheim@h/d");
  assert.equal(settings.find(({ key }) => key === "catalog")?.value, "postgres://u:«hidden»@h/d");
  assert.ok(!JSON.stringify([config, settings]).includes("geheim"));
});

test("empty groups, empty keys and empty variables count as not set", async () => {
  await using file = await configFile("log:\n  # level: debug\nlimits:\n  blobBytes:\nurl:\n");
  const { config } = await loadConfig({
    flags: { config: file.path },
    env: { SUPERCARGO_CATALOG: "", SUPERCARGO_CONFIG: "" },
  });
  assert.deepEqual(config, (await loadConfig({ flags: {}, env: {} })).config);
});

test("variables that Kubernetes makes of a service named supercargo are left alone", async () => {
  const env = {
    SUPERCARGO_SERVICE_HOST: "10.0.0.1",
    SUPERCARGO_SERVICE_PORT: "5000",
    SUPERCARGO_SERVICE_PORT_HTTP: "5000",
    SUPERCARGO_PORT: "tcp://10.0.0.1:5000",
    SUPERCARGO_PORT_5000_TCP: "tcp://10.0.0.1:5000",
    SUPERCARGO_PORT_5000_TCP_ADDR: "10.0.0.1",
    SUPERCARGO_PORT_5000_TCP_PORT: "5000",
    SUPERCARGO_PORT_5000_TCP_PROTO: "tcp",
  };
  assert.deepEqual(await problemsOf({}, env), []);
  assert.ok(KEYS.every((key) => !(key.variable in env)));
});

const POLICY = `policy:
  groups:
    team: [ann, bob]
  rules:
    - { allow: [read], to: [anonymous], on: ["library/**"] }
    - allow: [write]
      to: ["group:team"]
      on: [team/**]
`;

test("a policy is read from the file, and what is in force shows it with its line", async () => {
  await using file = await configFile(`open: true\n${POLICY}`);
  const { config, settings, from } = await loadConfig({ flags: { config: file.path }, env: {} });
  assert.deepEqual(
    config.policy?.rules?.map(({ on }) => on.map(({ pattern }) => pattern.text)),
    [["library/**"], ["team/**"]],
  );
  assert.equal(config.open, true);
  const shown = settings.find(({ key }) => key === "policy");
  assert.equal(shown?.from, "supercargo.yaml, line 2");
  assert.match(JSON.stringify(shown.value), /"to":\["group:team"\]/);
  assert.equal(from(["policy", "rules", "1"]), "supercargo.yaml, line 7");
  assert.equal(from(["policy", "rules", "7"]), "supercargo.yaml, line 5");
});

test("a policy with nothing in it allows nothing; no policy at all is another thing", async () => {
  await using file = await configFile("policy: { rules: [] }\n");
  assert.deepEqual((await loadConfig({ flags: { config: file.path }, env: {} })).config.policy?.rules, []);
  assert.equal((await loadConfig({ flags: {}, env: {} })).config.policy, undefined);
});

test("every mistake in a policy is reported with its line and what may stand there", async () => {
  await using file = await configFile(
    POLICY.replace("[read]", "[reed]")
      .replace("library/**", "library//**")
      .replace("group:team", "group:teem")
      .replace("bob", "a:b"),
  );
  const problems = await problemsOf({ config: file.path, retention: "soon" });
  const expected = [
    /^retention is "soon"/,
    /^policy\.groups\.team\[1\] is "a:b" \(supercargo\.yaml, line 3\); it may be a user's name/,
    /^policy\.rules\[0\]\.allow\[0\] is "reed" \(supercargo\.yaml, line 5\); it may be list, pull/,
    /^policy\.rules\[0\]\.on\[0\] is "library\/\/\*\*" \(supercargo\.yaml, line 5\); it may be a repository/,
    /^policy\.rules\[1\]\.to\[0\] is "group:teem" \(supercargo\.yaml, line 7\); it may be .*group:NAME/,
  ];
  assert.equal(problems.length, expected.length, problems.join("\n"));
  for (const [at, pattern] of expected.entries()) assert.match(problems[at] ?? "", pattern);
});

test("a rule that is no rule is reported with the keys it should have", async () => {
  await using file = await configFile(
    "policy:\n  rules:\n    - alow: [read]\n      to: ann\n      on: [a]\n",
  );
  assert.deepEqual(await problemsOf({ config: file.path }), [
    "policy.rules[0].allow is missing (supercargo.yaml, line 3); it may be a list of actions, such as [read].",
    'policy.rules[0].to is "ann" (supercargo.yaml, line 4); it may be a list of callers, such as [ann, group:team].',
    '"policy.rules[0].alow" (supercargo.yaml, line 3) is no key. Did you mean policy.rules[0].allow?',
  ]);
  await using empty = await configFile("policy:\n  rules:\n");
  assert.match(
    (await problemsOf({ config: empty.path })).join("\n"),
    /^policy\.rules is missing .* a list of rules/,
  );
});

test("the examples of the reference are accepted", async () => {
  for (const { example, path } of PARTS) {
    await using file = await configFile(example);
    const { settings } = await loadConfig({ flags: { config: file.path }, env: {} });
    assert.equal(settings.find(({ key }) => key === path)?.from, "supercargo.yaml, line 1");
  }
});
