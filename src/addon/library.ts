/** Compiles entries in native code: risks become mask bits, severities numbers. */
import type { Entry, MatchOptions } from "../library/library.ts";
import { severityNumber } from "../library/library.ts";
import { riskMask } from "../standard/risks.ts";
import { type CompiledLibrary, loadAddon } from "./addon.ts";

/**
 * Compiles a library, or finds it compiled: one copy per process.
 *
 * @throws ScanError `config` naming the entry, its size and the limit
 */
export function compileLibrary(entries: readonly Entry[], options: MatchOptions): CompiledLibrary {
  return loadAddon().compileLibrary({
    ids: entries.map((entry) => entry.id),
    entries: entries.map(({ text, risks, severity, allow }) => ({
      text: text.trim(),
      mask: riskMask(risks),
      severity: severityNumber(severity),
      allow: allow?.map((word) => word.trim()),
    })),
    options: { ...options, allow: options.allow.map((word) => word.trim()) },
  });
}
