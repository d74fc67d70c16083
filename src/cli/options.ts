/** Parsers of option values. An error names the option's value and what is allowed. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { devices } from "../classify/messages.ts";
import type { Part } from "../corpus/order.ts";
import { encodings, formats, validations } from "../corpus/register.ts";
import { stages } from "../policy/policy.ts";
import { phases } from "../standard/profiles.ts";

/** Most parts of a plan. */
const mostParts = 10_000;

const units: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A size such as `128MiB`, `4G`, `65536`: bytes. */
export function parseBytes(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(digits) * (units[(unit ?? "").toUpperCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new InvalidArgumentError(`a size such as 128MiB or 4GiB was expected.`);
  }
  return bytes;
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError("a whole number of at least 1 was expected.");
  }
  return count;
}

/** Hexadecimal digits, an even number of them. */
export function parseHex(text: string): string {
  if (!/^(?:[0-9a-f]{2})+$/i.test(text) || text.length > 256) {
    throw new InvalidArgumentError("hexadecimal digits were expected, 2 to 256 of them, an even number.");
  }
  return text.toLowerCase();
}

/** A list of names, separated by commas. */
export function parseList<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(",").map((part) => {
      const name = part.trim() as T;
      if (!allowed.includes(name)) throw new InvalidArgumentError(`"${part}" is not one of ${allowed.join(", ")}.`);
      return name;
    });
}

/** An option that takes one of some names. */
export function choice(flags: string, description: string, allowed: readonly string[]): Option {
  return new Option(flags, description).choices([...allowed]);
}

/** Options that say what is scanned and by which rules: for all commands that make a plan. */
export function withInputs(command: Command): Command {
  return command
    .option("--library <file>", "keyword library (default: the one that corpus.yaml names, else the starter library)")
    .option("--policy <file>", "policy (default: the one that corpus.yaml names, else the built-in one)")
    .addOption(choice("--phase <phase>", "before collection, after it, or what is handed to training", phases))
    .option("--sample <n>", "records to assess per source (default: 1000 before collection, else all)", parseCount)
    .option(
      "--stages <list>",
      "stages to run: keyword,fast,model (default: those that the policy needs)",
      parseList(stages),
    )
    .option("--shard-size <size>", "size of a shard", parseBytes, 128 * 1024 * 1024)
    .option("--nonce <hex>", "randomness of an auditor, which enters the seed", parseHex)
    .addOption(choice("--format <format>", "format of data files (default: told by their bytes)", formats))
    .addOption(choice("--encoding <encoding>", "encoding of data files' text", encodings))
    .addOption(
      choice("--validate <columns>", "columns of Arrow and Parquet files to check (default: full, all)", validations),
    )
    .option(
      "--text-column <name>",
      "column of the text, or a path to texts in it (default: text, else content, else the only string column, else " +
        "messages[].content or conversations[].value)",
    )
    .option("--id-column <name>", "column of the record id, or a path such as meta.id (default: id)")
    .option("--source-column <name>", "column whose values are the sources, or a path such as meta.site");
}

/** Options that say on what a scan runs: they change no report. */
export function withMachine(command: Command): Command {
  return command
    .addOption(choice("--device <device>", "what runs the classifier; cuda means CUDA or an error", devices))
    .option("--workers <n>", "scan workers (default: one per core)", parseCount)
    .option("--memory <size>", "memory to stay within (default: a quarter of the machine's)", parseBytes);
}

/** `i/N`: part i of N, from 1. */
export function parsePart(text: string): Part {
  const [, index, count] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (index === undefined || count === undefined || index < 1 || index > count || count > mostParts) {
    throw new InvalidArgumentError(`a part such as 2/8 was expected: from 1/N to N/N, N at most ${mostParts}.`);
  }
  return { index, count };
}
