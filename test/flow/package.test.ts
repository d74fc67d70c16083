/**
 * The package as a stranger gets it: packed, installed into an empty folder, imported by name from JavaScript and from
 * TypeScript, and run as a command.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { fromRoot, newFolder, start } from "./_command.ts";
import { writeFiles } from "./_files.ts";
import { expectSound } from "./_report.ts";

const folder = newFolder();
const consumer = join(folder, "consumer");
/** What no registry being there looks like. */
const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED/;
let why: string | null = null;
let packed: { path: string }[] = [];

const run = (program: string, ...args: string[]) => start(program, args, { cwd: consumer }).ended;
const npm = (cwd: string, ...args: string[]) => start("npm", args, { cwd }).ended;

beforeAll(async () => {
  mkdirSync(consumer);
  // Without scripts: `prepare` would build again what is built.
  const pack = await npm(fromRoot("."), "pack", "--ignore-scripts", "--json", "--pack-destination", folder);
  expect(pack.code, pack.stderr).toBe(0);
  [{ files: packed }] = JSON.parse(pack.stdout) as [{ files: { path: string }[] }];
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) as string;
  writeFileSync(join(consumer, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
  // Without the optional runtime of the classifier, which is large: all but the classifier must work.
  const options = ["--omit=optional", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=1"];
  const install = await npm(consumer, "install", ...options, join(folder, tarball));
  if (install.code !== 0 && offline.test(install.stderr)) why = "npm reaches no registry";
  else expect(install.code, install.stderr).toBe(0);
  writeFiles(consumer, {
    "library.yaml":
      "version: 3\nname: mine\nentries:\n  - { id: smuggle-1, text: 走私, risks: [A1h], severity: block }\n" +
      "  - { id: mal-1, text: malware, risks: [A1h], severity: block }\n",
    "policy.yaml": "version: 1\nstages: { fast: off }\n",
    "data/good.jsonl": { lines: Array.from({ length: 30 }, (_, n) => ({ id: n, text: `fine ${n}` })) },
    "data/bad.jsonl": { lines: [{ text: "有人走私香烟" }, { text: "fine" }] },
  });
});

describe.sequential("an installed package", () => {
  it("holds what it needs and nothing of the workshop", (context) => {
    if (why !== null) context.skip(why);
    const paths = packed.map(({ path }) => path);
    for (const needed of [
      ...[
        "LICENSE",
        "package.json",
        "dist/index.js",
        "dist/index.d.ts",
        "dist/cli/corpusgate.js",
        "dist/pool/worker.js",
      ],
      ...["dist/gate/stats/index.js", "native/index.cjs", "native/index.d.cts", "examples/library/library.yaml"],
      ...["models/fast/model.onnx", "models/fast/corpusgate.yaml", "models/fast/NOTICE"],
    ]) {
      expect(paths).toContain(needed);
    }
    expect(paths.some((path) => /^native\/.*\.node$/.test(path))).toBe(true);
    expect(paths.filter((path) => /^(src|test|crates|bench|target|examples\/corpus)\//.test(path))).toEqual([]);
    expect(paths.filter((path) => /\.(rs|py|tgz|log)$|corpusgate-run/.test(path))).toEqual([]);
  });

  it("is imported by name and matches texts, columns and streams", async (context) => {
    if (why !== null) context.skip(why);
    writeFileSync(join(consumer, "use.mjs"), readFileSync(new URL("../data/flow/consumer.mjs", import.meta.url)));
    const { code, stdout, stderr } = await run(process.execPath, "use.mjs");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("all is well\n");
  });

  it("is typed under the strictest settings, without skipping its declarations", async (context) => {
    if (why !== null) context.skip(why);
    writeFileSync(join(consumer, "use.ts"), readFileSync(new URL("../data/flow/consumer.ts.txt", import.meta.url)));
    const tsconfig = {
      compilerOptions: {
        ...{ module: "nodenext", target: "es2023", strict: true, noEmit: true, skipLibCheck: false },
        ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true },
        // What the declarations need they must bring.
        ...{ types: [], lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"] },
      },
      files: ["use.ts"],
    };
    writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify(tsconfig));
    const { code, stdout } = await run(process.execPath, fromRoot("node_modules/typescript/bin/tsc"), "-p", ".");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  it("is a command", async (context) => {
    if (why !== null) context.skip(why);
    const bin = join("node_modules", ".bin", "corpusgate");
    const args = ["scan", "data", "--library", "library.yaml", "--policy", "policy.yaml", "--out", "run", "--json"];
    const { code, stdout } = await run(bin, ...args, "--quiet");
    expect(code).toBe(1);
    const report = expectSound(stdout);
    expect(report.sources.map(({ id, gate }) => [id, gate.result])).toEqual([
      ["bad", "fail"],
      ["good", "pass"],
    ]);
  });

  it("refuses an addon that was built from other sources", async (context) => {
    if (why !== null) context.skip(why);
    const recorded = join(consumer, "node_modules/corpusgate/dist/source-hash.txt");
    const hash = readFileSync(recorded, "utf8");
    writeFileSync(recorded, `${"0".repeat(32)}\n`);
    const { code, stderr } = await run(process.execPath, "use.mjs");
    writeFileSync(recorded, hash);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`built from other sources (${hash.trim()}) than this code (${"0".repeat(32)})`);
  });

  it("says what is missing when the classifier's runtime is", async (context) => {
    if (why !== null) context.skip(why);
    const bin = join("node_modules", ".bin", "corpusgate");
    const { code, stdout, stderr } = await run(bin, "scan", "data", "--out", "run-2", "--quiet");
    expect({ code, stdout }).toEqual({ code: 70, stdout: "" });
    expect(stderr).toContain("onnxruntime-node cannot be loaded");
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});
