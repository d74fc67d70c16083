/** The layers of src/: who may import whom. The lines of this file are the rule; the imports of src/ are read and held against it. */
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

/**
 * What each layer may import besides itself and `errors`, from the bottom up: nothing above it, so that there is no
 * circle. A layer is a folder of src/ or a file beside them.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  // Tables.
  standard: [],
  // Values in, values out.
  library: ["standard"],
  policy: ["standard"],
  sampling: ["standard"],
  gate: [],
  addon: ["library", "standard"],
  // Plans a scan: reads the heads of files through the addon.
  corpus: ["addon", "config", "library", "standard"],
  config: ["addon", "classify", "corpus", "library", "policy", "standard"],
  classify: ["config", "standard"],
  tally: ["corpus", "standard"],
  run: ["corpus", "standard", "tally"],
  evidence: ["addon", "corpus", "run", "sampling", "tally"],
  report: ["config", "corpus", "evidence", "gate", "library", "sampling", "standard", "tally"],
  pool: ["addon", "classify", "corpus", "run", "tally"],
  api: ["addon", "classify", "config", "library", "policy", "pool", "standard"],
  task: ["addon", "config", "corpus", "pool", "run", "sampling"],
  scan: [
    ...["addon", "classify", "config", "corpus", "evidence", "pool"],
    ...["report", "run", "sampling", "tally", "task"],
  ],
  parts: ["addon", "config", "corpus", "run", "scan", "tally"],
  init: ["addon", "config", "corpus"],
  doctor: ["addon", "classify", "config", "policy", "pool"],
  cli: [
    ...["addon", "api", "classify", "corpus", "doctor", "init", "library", "parts", "policy", "pool"],
    ...["report", "run", "scan", "standard"],
  ],
  index: ["addon", "api", "corpus", "gate", "library", "parts", "report", "scan", "standard", "tally"],
};

/** Layers that reach nothing outside: no file, no clock, no thread, by themselves. */
const pure = ["standard", "library", "policy", "sampling", "tally", "gate", "report"];

/** Files of other layers that only hold tables, schemas and sums, and so may be used by pure ones. */
const values = ["corpus/register.ts", "evidence/drawn.ts"];

/** The one place that may load each of these. */
const onlyImporter: Readonly<Record<string, string>> = {
  "../../native/index.cjs": "addon/addon.ts",
  "onnxruntime-node": "classify/device-thread.ts",
  commander: "cli/",
  piscina: "pool/",
  yaml: "config/",
  tinyglobby: "corpus/files.ts",
  picomatch: "corpus/objects.ts",
};

interface Import {
  /** File that imports, relative to src/. */
  readonly from: string;
  readonly specifier: string;
  /** Whether nothing of it is left when it runs. */
  readonly isType: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.split(sep).join("/"));

const imports = files.flatMap((from) => importsOf(from, readFileSync(join(src, from), "utf8")));

/** The import and export lines, `import()` and `require()` of a file; comments do not count. */
function importsOf(from: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const found: Import[] = [];
  for (const [, type, specifier] of code.matchAll(/^(?:import|export)\s+(type\s)?[^;"']*?from\s+"([^"]+)"/gm)) {
    found.push({ from, specifier: specifier as string, isType: type !== undefined });
  }
  for (const [, specifier] of code.matchAll(/^import\s+"([^"]+)"/gm)) {
    found.push({ from, specifier: specifier as string, isType: false });
  }
  for (const [, typeOf, specifier] of code.matchAll(/(typeof\s+)?\b(?:import|require)\(\s*"([^"]+)"\s*\)/g)) {
    found.push({ from, specifier: specifier as string, isType: typeOf !== undefined });
  }
  return found;
}

const layerOf = (file: string) => (file.split("/")[0] as string).replace(/\.ts$/, "");

/** The file of src/ that a relative import names; null for packages and for what lies outside. */
function targetOf({ from, specifier }: Import): string | null {
  if (!specifier.startsWith(".")) return null;
  const path = relative(src, join(src, dirname(from), specifier))
    .split(sep)
    .join("/");
  return path.startsWith("..") ? null : path;
}

const shown = ({ from, specifier }: Import) => `${from} imports ${specifier}`;

describe("layers", () => {
  it("reads imports as they are written", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "../b/b.ts";',
      'import {\n  type C,\n  c,\n} from "c";',
      'export { d } from "./d.ts";',
      'export type { E } from "./e.ts";',
      'import "./f.ts";',
      'type G = typeof import("g");',
      'const h = await import("h");',
      '// import { x } from "x";',
      '/** import { y } from "y"; */',
    ].join("\n");
    expect(importsOf("z.ts", text).map(({ specifier, isType }) => [specifier, isType])).toEqual([
      ["./a.ts", false],
      ["../b/b.ts", true],
      ["c", false],
      ["./d.ts", false],
      ["./e.ts", true],
      ["./f.ts", false],
      ["g", true],
      ["h", false],
    ]);
    expect(imports.length).toBeGreaterThan(150);
  });

  it("are all named here", () => {
    expect([...new Set(files.map(layerOf))].toSorted()).toEqual(Object.keys(layers).toSorted());
  });

  it("import only what lies below them", () => {
    const wrong = imports.filter((one) => {
      const target = targetOf(one);
      if (target === null) return false;
      const [from, to] = [layerOf(one.from), layerOf(target)];
      return from !== to && to !== "errors" && layers[from]?.includes(to) !== true;
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it("have no permission that nobody uses", () => {
    const used = new Set(
      imports.flatMap((one) => {
        const target = targetOf(one);
        return target === null ? [] : [`${layerOf(one.from)} ${layerOf(target)}`];
      }),
    );
    const unused = Object.entries(layers).flatMap(([from, allowed]) =>
      allowed.map((to) => `${from} ${to}`).filter((edge) => !used.has(edge)),
    );
    expect(unused).toEqual([]);
  });

  it("have no circle of files that run each other", () => {
    const next = new Map(
      files.map((file) => [
        file,
        imports
          .filter(({ from, isType }) => from === file && !isType)
          .map(targetOf)
          .filter((target) => target !== null),
      ]),
    );
    const state = new Map<string, "open" | "done">();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]) => {
      if (state.get(file) === "done") return;
      if (state.get(file) === "open") {
        circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
        return;
      }
      state.set(file, "open");
      for (const target of next.get(file) ?? []) visit(target, [...path, file]);
      state.set(file, "done");
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it("that are pure load nothing of the machine, and no layer that does", () => {
    const builtins = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);
    // A digest is a function of its input like any other.
    builtins.delete("node:crypto");
    const reaching = new Set([
      "addon",
      "classify",
      "config",
      "corpus",
      "run",
      "pool",
      "evidence",
      "api",
      "scan",
      "cli",
    ]);
    const wrong = imports.filter((one) => {
      if (!pure.includes(layerOf(one.from)) || one.isType) return false;
      const target = targetOf(one);
      if (target === null) return builtins.has(one.specifier) || one.specifier.startsWith("../../");
      return reaching.has(layerOf(target)) && !values.includes(target);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it("keep clock, chance and environment out of what is pure", () => {
    const wrong = files
      .filter((file) => pure.includes(layerOf(file)))
      .filter((file) => /\bDate\b|Math\.random|\bprocess\.|performance\./.test(readFileSync(join(src, file), "utf8")));
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(onlyImporter))("%s is imported in %s alone", (specifier, place) => {
    const importers = imports.filter((one) => one.specifier === specifier).map(({ from }) => from);
    expect(importers.length).toBeGreaterThan(0);
    expect(importers.filter((from) => !from.startsWith(place))).toEqual([]);
  });

  it("import nobody's command and nobody's index", () => {
    const wrong = imports.filter((one) => ["cli", "index"].includes(layerOf(targetOf(one) ?? "")));
    expect(wrong.filter(({ from }) => layerOf(from) !== "cli").map(shown)).toEqual([]);
  });

  it("leave what begins with _ to its folder", () => {
    const wrong = imports.filter((one) => {
      const target = targetOf(one) ?? "";
      return /(^|\/)_/.test(target) && dirname(target) !== dirname(one.from);
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  it("export by name only", () => {
    // The worker's default export is what its pool calls.
    const wrong = files.filter((file) => /^export default/m.test(readFileSync(join(src, file), "utf8")));
    expect(wrong).toEqual(["pool/worker.ts"]);
  });
});
