/** Compiles entries in native code: risks become mask bits, severities numbers. */
import type { Entry, MatchOptions } from "../library/library.ts";
import { isCombo, severityNumber } from "../library/library.ts";
import { riskMask } from "../standard/risks.ts";
import { type CompiledLibrary, loadAddon, type NormalForms } from "./addon.ts";

/** A file that holds a compiled library. */
export interface LibraryFile {
  readonly path: string;
  /** Digest that every byte of the file counts for. */
  readonly digest: string;
}

/**
 * Compiles a library, or finds it compiled: one copy per process.
 *
 * @param file - where the entries come from, if they were compiled before: then it is opened, unless the options ask for
 *   another library than was compiled
 * @throws ScanError `config` naming the entry, its size and the limit, or what is wrong with the file
 */
export function compileLibrary(
  entries: readonly Entry[],
  options: MatchOptions,
  file: LibraryFile | null = null,
): CompiledLibrary {
  const given = { ...options, allow: options.allow.map((word) => word.trim()) };
  const opened = file === null ? null : loadAddon().openLibraryFile(file.path, file.digest, given);
  if (opened !== null) return opened;
  return loadAddon().compileLibrary({
    ids: entries.map((entry) => entry.id),
    entries: entries.map(({ text, risks, severity, allow, combo }) => ({
      text: text.trim(),
      mask: riskMask(risks),
      severity: severityNumber(severity),
      allow: allow?.map((word) => word.trim()),
      combo,
    })),
    options: given,
  });
}

/** Reads the texts of entries in normal form, in one call: entries with equal ones are one keyword. */
export function normalFormsOf(entries: readonly Entry[], options: MatchOptions): NormalForms {
  return loadAddon().normalForms(entries.map((entry) => [entry.text, isCombo(entry, options)]));
}
