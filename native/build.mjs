/**
 * Builds the addon with cargo when its sources changed, and records the hash of those sources for the check at load.
 * `node native/build.mjs [--if-stale | --hash]`; `--hash` only prints the hash of the sources. CORPUSGATE_FEATURES names the
 * cargo features, separated by commas (default: `s3`).
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const leastRust = "1.89";
const features = process.env.CORPUSGATE_FEATURES ?? "s3";

const hash = sourceHash();
if (process.argv.includes("--hash")) {
  process.stdout.write(`${hash}\n`);
  process.exit();
}
if (!(process.argv.includes("--if-stale") && builtHash() === hash)) build(hash);
mkdirSync(join(root, "dist"), { recursive: true });
writeFileSync(join(root, "dist", "source-hash.txt"), `${hash}\n`);

/** SHA-256 over the features, and over the paths and bytes of all Rust sources, the tables that they include, and manifests. */
function sourceHash() {
  const files = ["Cargo.toml", "Cargo.lock"];
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory() && !["target", "tests", "benches", "examples", "fuzz"].includes(entry.name)) walk(path);
      else if (/\.(rs|toml|bin)$/.test(entry.name)) files.push(path);
    }
  };
  walk("crates");
  walk("native");
  const hash = createHash("sha256").update(`${features}\0`);
  for (const file of files.sort()) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${relative(root, join(root, file))}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex").slice(0, 32);
}

/** Hash in the addon that lies there, in a process of its own: a loaded addon could not be replaced. */
function builtHash() {
  if (!existsSync(join(root, "native", "index.cjs"))) return null;
  const script = `process.stdout.write(require(${JSON.stringify(join(root, "native", "index.cjs"))}).sourceHash())`;
  try {
    return execFileSync(process.execPath, ["-e", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}

function build(hash) {
  try {
    execFileSync("cargo", ["--version"], { stdio: "ignore" });
  } catch {
    console.error(`corpusgate: cargo was not found; building the addon needs Rust ${leastRust} or newer`);
    process.exit(1);
  }
  const napi = join(root, "node_modules", "@napi-rs", "cli", "dist", "cli.js");
  const args = ["build", "--platform", "--release", "--manifest-path", "native/Cargo.toml", "--output-dir", "native"];
  const made = ["--js", "index.cjs", "--dts", "index.d.cts", "--no-default-features"];
  if (features !== "") made.push("--features", features);
  execFileSync(process.execPath, [napi, ...args, ...made, "--", "--locked"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, CORPUSGATE_SOURCE_HASH: hash },
  });
}
