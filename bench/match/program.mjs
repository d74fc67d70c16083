/** The Rust program of the models `match` and `column`: its build, and what it was built from. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Builds it, and says where cargo put it: the target folder is the user's choice. */
export function buildProgram() {
  const command = ["build", "--release", "--locked", "-p", "bench-match", "--message-format"];
  const messages = execFileSync("cargo", [...command, "json-render-diagnostics"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  const built = messages
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .find(
      ({ reason, target, executable }) => reason === "compiler-artifact" && target.name === "bench-match" && executable,
    );
  if (built === undefined) throw new Error("cargo built bench-match, and named no executable");
  return built.executable;
}

/** Versions of what was timed that the engines do not tell themselves. */
export function describeProgram() {
  const line = (command, args) => execFileSync(command, args, { cwd: root, encoding: "utf8" }).split("\n")[0];
  const tree = ["bench/match", "crates", "native", "Cargo.toml", "Cargo.lock"];
  const frequencies = readFileSync(new URL("../../crates/matcher/src/gram/frequency.bin", import.meta.url));
  return {
    corpusgate: JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version,
    commit: line("git", ["rev-parse", "--short=12", "HEAD"]),
    // Figures of a tree with changes are not those of its commit.
    changed: line("git", ["status", "--porcelain", "--", ...tree]) !== "",
    rustc: line("rustc", ["--version"]),
    // What chooses the anchors of patterns: a table that was counted from the text timed here would favour it.
    frequencies: createHash("sha256").update(frequencies).digest("hex"),
  };
}
