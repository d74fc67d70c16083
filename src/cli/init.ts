/** `corpusgate init`: a first corpus.yaml. */
import { Command } from "commander";
import { printable, writeOut } from "./output.ts";

/** The sub-command. */
export function initCommand(): Command {
  return new Command("init")
    .description("Write a first corpus.yaml by looking at data files.")
    .argument("<path...>", "data files, folders and globs")
    .option("--out <file>", "the register to write, which must not exist; its paths are relative to it", "corpus.yaml")
    .addHelpText(
      "after",
      `
Files of one folder with the same format and columns are one source; Chinese and English ones are kept apart where their
names tell them. Written are format, encoding, columns and a guess of the language, by the letters of the first records.
Kind, licence and whether a source is Chinese are left to fill in, as comments; files that cannot be read are named.

Exit codes: 0 written, 64 the register exists, a path names nothing or nothing can be read, 70 it cannot be written.

Examples:
  corpusgate init data/
  corpusgate init crawl/ books/*.parquet --out corpus.yaml
  corpusgate scan corpus.yaml --dry-run`,
    )
    .action(runInit);
}

async function runInit(paths: string[], { out }: { readonly out: string }): Promise<void> {
  const { initRegister } = await import("../init.ts");
  const { sources, unread } = initRegister(paths, out);
  const lines = [
    ...sources.map(({ id, files }) => `${id}\t${files} ${files === 1 ? "file" : "files"}`),
    ...unread.map(({ path, why }) => `not read: ${path}: ${why}`),
    `${out}: ${sources.length} ${sources.length === 1 ? "source" : "sources"}; fill in kind, licence and domestic`,
  ];
  await writeOut(`${lines.map(printable).join("\n")}\n`);
}
