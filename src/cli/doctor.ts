/** `corpusgate doctor`: whether the main job can run on this machine, and with what. */
import { Command } from "commander";
import type { Check } from "../doctor.ts";
import { exitCodes } from "../errors.ts";
import { printable, writeOut } from "./output.ts";

/** The sub-command. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Tell what this machine offers, what of it is used, and why.")
    .option("--json", "{schema, result, checks: [{id, state, needed, value, why}]}")
    .addHelpText(
      "after",
      `
Looked at are versions, the native addon and the inner loops that the processor runs, Vectorscan or Hyperscan, the ONNX
runtime with the providers that open the classifier, GPU, TPM, memory, cores, disk, and the default library, policy and
model. States: used, unused (it is there), absent, failed. Nothing is changed.

Exit codes: 0 a scan with its defaults can run here, 70 it cannot.

Examples:
  corpusgate doctor
  corpusgate doctor --json`,
    )
    .action(runDoctor);
}

async function runDoctor({ json }: { readonly json?: boolean }): Promise<void> {
  const { examine } = await import("../doctor.ts");
  const found = await examine();
  process.exitCode = found.result === "ok" ? exitCodes.pass : exitCodes.internal;
  if (json) {
    await writeOut(`${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  const width = Math.max(...found.checks.map(({ id }) => id.length));
  const last =
    found.result === "ok" ? "A scan with its defaults can run here." : "A scan with its defaults cannot run here.";
  await writeOut(`${[...found.checks.map((check) => lineOf(check, width)), "", last].map(printable).join("\n")}\n`);
}

function lineOf({ id, state, needed, value, why }: Check, width: number): string {
  const missing = needed && state !== "used" ? " (needed)" : "";
  const told = value === null ? why : `${value}: ${why}`;
  return `${id.padEnd(width)}  ${`${state}${missing}`.padEnd(6)}  ${told.replace(/\s*\n\s*/g, "; ")}`;
}
