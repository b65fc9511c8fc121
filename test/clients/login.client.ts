import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { Containerd } from "./containerd.ts";
import { GuardedScene, PASSWORD } from "./guarded.ts";
import { writeFiles } from "./layout.ts";
import { Wire } from "./wire.ts";

const PLAIN = "--tls-verify=false";
const WRONG = "wrong horse";

describeClient(["skopeo", "podman", "crane", "oras", "regctl", "helm", "containerd", "ctr"], () => {
  let scene: GuardedScene;
  before(async () => void (scene = await GuardedScene.open()));
  after(async () => await scene[Symbol.asyncDispose]());

  /** Where a client of its own keeps how it is logged in. */
  const config = (name: string): string => scene.folder.at(`${name}.json`);
  const image = (): string => `oci:${scene.content.image.folder}:it`;

  test("skopeo logs in, and copies with and without credentials on the same host", async () => {
    const skopeo = new Client("skopeo", { leading: ["--insecure-policy"] });
    const file = `--authfile=${config("skopeo")}`;
    const login = ["login", PLAIN, file, "--username=ann"];
    assert.match(
      await skopeo.fails(...login, `--password=${WRONG}`, scene.host),
      /invalid username\/password|unauthorized/i,
    );
    await skopeo.run(...login, `--password=${PASSWORD}`, scene.host);
    for (const name of ["library/app", "team/app"]) {
      await skopeo.run(
        "copy",
        "--dest-tls-verify=false",
        `--dest-authfile=${config("skopeo")}`,
        image(),
        `docker://${scene.host}/${name}:1.0`,
      );
    }
    const pull = (name: string, ...more: string[]): string[] => [
      "copy",
      "--src-tls-verify=false",
      ...more,
      `docker://${scene.host}/${name}:1.0`,
      `dir:${scene.folder.at(`pulled-${name.replace("/", "-")}`)}`,
    ];
    await skopeo.run(...pull("library/app", "--src-no-creds"));
    await skopeo.fails(...pull("team/app", "--src-no-creds"));
    await skopeo.run(...pull("team/app", `--src-authfile=${config("skopeo")}`));
    const tags = await skopeo.run("list-tags", PLAIN, file, `docker://${scene.host}/team/app`);
    assert.deepEqual((JSON.parse(tags) as { Tags: string[] }).Tags, ["1.0"]);
  });

  test("podman logs in, and finds what its user may see and nothing else", async () => {
    const storage = [
      "--root",
      scene.folder.at("storage"),
      "--runroot",
      scene.folder.at("run"),
      "--storage-driver=vfs",
    ];
    const podman = new Client("podman", { leading: storage });
    const file = (name: string): string => `--authfile=${config(name)}`;
    await podman.fails("login", PLAIN, file("ann"), "--username=ann", `--password=${WRONG}`, scene.host);
    for (const user of ["ann", "bob"]) {
      await podman.run(
        "login",
        PLAIN,
        file(user),
        `--username=${user}`,
        `--password=${PASSWORD}`,
        scene.host,
      );
    }
    const found = async (user: string): Promise<string> =>
      await podman.run("search", PLAIN, file(user), "--format={{.Name}}", `${scene.host}/`);
    assert.match(await found("ann"), /library\/app\n.*team\/app/);
    assert.doesNotMatch(await found("bob"), /team/);
    assert.match(await found("bob"), /library\/app/);
  });

  test("crane logs in, pushes, pulls, and lists what its user may see", async () => {
    const crane = (user: string): Client =>
      new Client("crane", {
        leading: ["--insecure"],
        environment: { DOCKER_CONFIG: scene.folder.at(`crane-${user}`) },
      });
    for (const user of ["ann", "bob"])
      await crane(user).run("auth", "login", scene.host, "-u", user, "-p", PASSWORD);
    const name = `${scene.host}/team/crane:1.0`;
    await crane("ann").run("push", scene.content.image.folder, name);
    await crane("ann").run("pull", name, scene.folder.at("crane.tar"));
    assert.match(
      await crane("bob").fails("pull", name, scene.folder.at("none.tar")),
      /NAME_UNKNOWN|not found/i,
    );
    assert.match(await crane("ann").run("catalog", scene.host), /team\/crane/);
    assert.doesNotMatch(await crane("bob").run("catalog", scene.host), /team/);
  });

  test("a copy whose layers may not be mounted uploads them", async () => {
    await using wire = await Wire.open(scene.host);
    const skopeo = new Client("skopeo", { leading: ["--insecure-policy"] });
    const creds = (side: string, user: string): string => `--${side}-creds=${user}:${PASSWORD}`;
    await skopeo.run(
      "copy",
      "--src-tls-verify=false",
      "--dest-tls-verify=false",
      creds("src", "ann"),
      creds("dest", "bob"),
      `docker://${wire.host}/team/app:1.0`,
      `docker://${wire.host}/bob/app:1.0`,
    );
    const mounts = wire.find("POST", /^\/v2\/bob\/app\/blobs\/uploads\/\?.*mount=/);
    // It looks whether the layer is there for it to mount, which for this user it is not.
    assert.ok(mounts.every(({ status }) => status !== 201));
    assert.ok(wire.find("PATCH", /^\/v2\/bob\/app\//).length >= 2);
  });

  test("oras logs in, pushes and pulls", async () => {
    await writeFiles(scene.folder.at("files"), { "readme.md": "# Cargo\n" });
    const oras = new Client("oras", { folder: scene.folder.at("files") });
    const file = ["--registry-config", config("oras"), "--plain-http"];
    await oras.fails(
      "login",
      "--registry-config",
      config("oras"),
      "--plain-http",
      "-u",
      "ann",
      "-p",
      WRONG,
      scene.host,
    );
    await oras.run("login", ...file, "-u", "ann", "-p", PASSWORD, scene.host);
    await oras.run("push", ...file, `${scene.host}/team/oras:1.0`, "readme.md:text/markdown");
    await oras.run("pull", ...file, "--output", scene.folder.at("oras-out"), `${scene.host}/team/oras:1.0`);
    await oras.fails(
      "pull",
      "--plain-http",
      "--registry-config",
      config("none"),
      `${scene.host}/team/oras:1.0`,
    );
  });

  test("regctl logs in, copies and lists", async () => {
    const regctl = new Client("regctl", { environment: { REGCTL_CONFIG: config("regctl") } });
    await regctl.run("registry", "set", "--skip-check", "--tls=disabled", scene.host);
    await regctl.run("registry", "login", "--skip-check", "-u", "ann", "-p", PASSWORD, scene.host);
    const name = `${scene.host}/team/regctl:1.0`;
    await regctl.run("image", "copy", `ocidir://${scene.content.image.folder}:it`, name);
    assert.match(await regctl.run("tag", "ls", `${scene.host}/team/regctl`), /^1\.0$/m);
    assert.match(await regctl.run("repo", "ls", scene.host), /team\/regctl/);
  });

  test("helm logs in, pushes a chart and pulls it", async () => {
    const helm = new Client("helm", { environment: { HOME: scene.folder.path } });
    await helm.run("registry", "login", scene.host, "--plain-http", "-u", "ann", "-p", PASSWORD);
    await writeFiles(scene.folder.at("dock"), {
      "Chart.yaml": "apiVersion: v2\nname: dock\nversion: 1.0.0\n",
    });
    const archive = scene.folder.at("dock-1.0.0.tgz");
    execFileSync("tar", ["-C", scene.folder.path, "-czf", archive, "dock"]);
    await helm.run("push", "--plain-http", archive, `oci://${scene.host}/team`);
    await helm.run(
      "pull",
      "--plain-http",
      `oci://${scene.host}/team/dock`,
      "--version",
      "1.0.0",
      "--destination",
      scene.folder.path,
    );
  });

  test("containerd posts for tokens, and pushes, fetches and mounts what its user may, and nothing without", async () => {
    await using store = await Containerd.start(scene.folder, "login");
    await using wire = await Wire.open(scene.host);
    const name = `${wire.host}/team/ctr`;
    const archive = scene.folder.at("image.tar");
    execFileSync("tar", ["-C", scene.content.image.folder, "-cf", archive, "."]);
    await store.ctr.run("images", "import", "--no-unpack", "--all-platforms", "--base-name", name, archive);
    const as = (user: string): string[] => ["--plain-http", "--user", `${user}:${PASSWORD}`];
    await store.ctr.fails("images", "push", "--plain-http", `${name}:it`);
    const { length } = wire.exchanges;
    await store.ctr.run("images", "push", ...as("ann"), `${name}:it`);
    const pushed = wire.exchanges.slice(length);
    const first = pushed.find(({ url }) => url.startsWith("/v2/_supercargo/token"));
    assert.deepEqual([first?.method, first?.status], ["POST", 200]);
    await store.ctr.fails("content", "fetch", "--plain-http", "--all-platforms", `${name}:it`);
    await store.ctr.run("content", "fetch", ...as("ann"), "--all-platforms", `${name}:it`);

    // It notes where it has its layers from, and asks for them to be mounted from there: for who may pull there, they are.
    for (const [user, to, status] of [
      ["ann", "library/ctr", 201],
      ["bob", "bob/ctr", 202],
    ] as const) {
      await store.ctr.run("images", "tag", `${name}:it`, `${wire.host}/${to}:it`);
      await store.ctr.run("images", "push", ...as(user), `${wire.host}/${to}:it`);
      const asked = wire.find("POST", new RegExp(`^/v2/${to}/blobs/uploads/\\?.*mount=`));
      // Those that it asked for before it had a token are asked for again.
      const mounts = asked.filter((one) => one.status !== 401);
      assert.ok(mounts.length > 0, `${user} asked for no mount`);
      for (const mount of mounts) assert.equal(mount.status, status, mount.url);
    }
  });
});
