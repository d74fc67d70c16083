/** Compiles entries in native code: risks become mask bits, severities numbers. */
import type { Entry, MatchOptions } from "../library/library.ts";
import { isCombo, severityNumber } from "../library/library.ts";
import { riskMask } from "../standard/risks.ts";
import { type CompiledLibrary, loadAddon, type NormalForms } from "./addon.ts";

/**
 * Compiles a library, or finds it compiled: one copy per process.
 *
 * @throws ScanError `config` naming the entry, its size and the limit
 */
export function compileLibrary(entries: readonly Entry[], options: MatchOptions): CompiledLibrary {
  return loadAddon().compileLibrary({
    ids: entries.map((entry) => entry.id),
    entries: entries.map(({ text, risks, severity, allow, combo }) => ({
      text: text.trim(),
      mask: riskMask(risks),
      severity: severityNumber(severity),
      allow: allow?.map((word) => word.trim()),
      combo,
    })),
    options: { ...options, allow: options.allow.map((word) => word.trim()) },
  });
}

/** Reads the texts of entries in normal form, in one call: entries with equal ones are one keyword. */
export function normalFormsOf(entries: readonly Entry[], options: MatchOptions): NormalForms {
  return loadAddon().normalForms(entries.map((entry) => [entry.text, isCombo(entry, options)]));
}
