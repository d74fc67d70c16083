/** `corpusgate doctor`: what it says is so, and its exit code is whether a scan can run. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Doctor } from "../../src/doctor.ts";
import { corpusgate, type Ended, fromRoot, newFolder, start } from "./_command.ts";

let ended: Ended;
let doctor: Doctor;

beforeAll(async () => {
  ended = await corpusgate(["doctor", "--json"], { cwd: newFolder() });
  doctor = JSON.parse(ended.stdout) as Doctor;
});

const check = (id: string, of = doctor) => of.checks.find((one) => one.id === id);

describe("doctor", () => {
  it("looks at everything, and says of each what and why", () => {
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(doctor).toMatchObject({ schema: "corpusgate.doctor/1", result: "ok" });
    expect(doctor.checks.map(({ id }) => id).toSorted()).toEqual(
      [
        ...["corpusgate", "node", "addon", "kernels", "vectorscan", "library", "policy", "model", "onnxruntime"],
        ...["onnx-cpu", "onnx-cuda", "gpu", "tpm", "memory", "cores", "disk"],
      ].toSorted(),
    );
    for (const one of doctor.checks) {
      expect(Object.keys(one).toSorted()).toEqual(["id", "needed", "state", "value", "why"]);
      expect(["used", "unused", "absent", "failed"]).toContain(one.state);
      expect(one.why.length, one.id).toBeGreaterThan(5);
      if (one.needed) expect(one.state, one.id).toBe("used");
      if (one.state === "used") expect(one.value, one.id).not.toBeNull();
    }
  });

  it("tells what it can be checked by", () => {
    const { version } = JSON.parse(readFileSync(fromRoot("package.json"), "utf8")) as { version: string };
    const ort = JSON.parse(readFileSync(fromRoot("node_modules/onnxruntime-node/package.json"), "utf8")) as {
      version: string;
    };
    expect(check("corpusgate")?.value).toBe(version);
    expect(check("node")?.value).toBe(process.version);
    expect(check("onnxruntime")?.value).toBe(ort.version);
    const hash = execFileSync(process.execPath, [fromRoot("native/build.mjs"), "--hash"], { encoding: "utf8" }).trim();
    expect(check("addon")).toMatchObject({ value: hash, why: "built from the sources that lie here" });
    // What the processor says of itself.
    const flags = new Set(readFileSync("/proc/cpuinfo", "utf8").split(/\s+/));
    const has = (...names: string[]) => names.every((name) => flags.has(name));
    const isNew = has("avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512vbmi", "avx512_vbmi2", "avx512_vnni");
    expect(check("kernels")?.value).toBe(isNew ? "avx512" : has("avx2", "bmi1", "bmi2") ? "avx2" : "portable");
    expect(check("kernels")?.why).toContain("portable");
    expect(check("onnx-cpu")).toMatchObject({ state: "used", value: "cpu" });
  });

  it("says why something is not used", () => {
    const vectorscan = check("vectorscan");
    expect(vectorscan?.needed).toBe(false);
    if (vectorscan?.state !== "used") {
      expect(vectorscan?.why).toMatch(
        /^regular expressions run without it: (no Vectorscan or Hyperscan found; tried libhs\.so\.5 |.*loses matches|.*can't|.*has no function)/,
      );
    }
    const cuda = check("onnx-cuda");
    if (cuda?.state !== "used") expect(cuda?.why).toContain("CUDA was asked for and cannot be used: ");
  });

  it("says the same in lines", async () => {
    const { code, stdout, stderr } = await corpusgate(["doctor"], { cwd: newFolder() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toBe("A scan with its defaults can run here.");
    expect(lines).toHaveLength(doctor.checks.length + 2);
    for (const [at, { id, state }] of doctor.checks.entries())
      expect(lines[at]).toMatch(new RegExp(`^${id} +${state} +\\S`));
  });

  it("ends with 70 where a part that is needed is missing, and tells which", async () => {
    // An installation without its classifier, and one whose addon is of other sources.
    const copy = newFolder();
    for (const name of ["dist", "package.json", "examples/library", "models/fast"]) {
      mkdirSync(join(copy, name, ".."), { recursive: true });
      cpSync(fromRoot(name), join(copy, name), { recursive: true });
    }
    for (const name of ["native", "node_modules"]) symlinkSync(fromRoot(name), join(copy, name));
    writeFileSync(join(copy, "models", "fast", "model.onnx"), "other bytes");
    const run = async () => {
      const { code, stdout } = await start(
        process.execPath,
        [join(copy, "dist", "cli", "main.js"), "doctor", "--json"],
        {
          cwd: copy,
        },
      ).ended;
      return { code, found: JSON.parse(stdout) as Doctor };
    };
    const first = await run();
    expect(first).toMatchObject({ code: 70, found: { result: "failed" } });
    expect(check("model", first.found)).toMatchObject({ state: "failed", needed: true });
    expect(check("model", first.found)?.why).toMatch(/has SHA-256 [0-9a-f]{64}; its card says /);
    expect(check("onnx-cpu", first.found)?.state).toBe("failed");
    expect(check("library", first.found)?.state).toBe("used");
    writeFileSync(join(copy, "dist", "source-hash.txt"), "0".repeat(32));
    const second = await run();
    expect(second.code).toBe(70);
    expect(check("addon", second.found)).toMatchObject({ state: "failed", needed: true });
    expect(check("addon", second.found)?.why).toContain("was built from other sources");
  });
});
