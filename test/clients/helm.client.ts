import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Client, describeClient } from "./client.ts";
import { writeFiles } from "./layout.ts";
import { Scene } from "./scene.ts";

const PLAIN = "--plain-http";

describeClient(["helm"], () => {
  let scene: Scene;
  let helm: Client;
  before(async () => {
    scene = await Scene.open();
    helm = new Client("helm", { environment: { HOME: scene.folder.path } });
  });
  after(async () => await scene[Symbol.asyncDispose]());

  /** A chart of one object, packed as `helm package` would, and pushed under the namespace `charts`. */
  const push = async (version: string): Promise<string> => {
    await writeFiles(scene.folder.at("dock"), {
      "Chart.yaml": `apiVersion: v2\nname: dock\nversion: ${version}\ndescription: A chart of one object\n`,
      "values.yaml": "greeting: hello\n",
      "templates/object.yaml": "apiVersion: v1\nkind: ConfigMap\ndata: {greeting: {{ .Values.greeting }}}\n",
    });
    const archive = scene.folder.at(`dock-${version}.tgz`);
    execFileSync("tar", ["-C", scene.folder.path, "-czf", archive, "dock"]);
    await helm.run("push", PLAIN, archive, `oci://${scene.host}/charts`);
    return archive;
  };

  test("a chart is pushed and pulled byte for byte, with a version that no tag can spell", async () => {
    const version = "1.2.3+build.4";
    const archive = await push(version);
    assert.deepEqual(await scene.tags("charts/dock"), ["1.2.3_build.4"]);
    const target = scene.folder.at("pulled");
    await mkdir(target);
    await helm.run(
      "pull",
      PLAIN,
      `oci://${scene.host}/charts/dock`,
      "--version",
      version,
      "--destination",
      target,
    );
    assert.deepEqual(await readFile(`${target}/dock-${version}.tgz`), await readFile(archive));
  });

  test("without a version the highest of all tags is taken, and its templates render", async () => {
    for (const version of ["1.9.0", "1.10.0", "2.0.0-rc.1"]) await push(version);
    const chart = `oci://${scene.host}/charts/dock`;
    assert.match(await helm.run("show", "chart", PLAIN, chart), /^version: 1\.10\.0$/m);
    assert.match(await helm.run("template", PLAIN, "it", chart), /greeting: hello/);
  });
});
