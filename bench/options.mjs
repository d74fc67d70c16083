/** Options as the models read them. */
import { basename } from "node:path";

/** A list such as `a,b`. */
export function listOf(text) {
  return text.split(",").filter((name) => name !== "");
}

/** Bytes of a size such as 16MB. `usage` is what a wrong one prints. */
export function sizeOf(option, text, usage) {
  const [, digits, unit] = /^(\d+)(kB|MB|GB)$/.exec(text) ?? [];
  const size = Number(digits) * { kB: 1e3, MB: 1e6, GB: 1e9 }[unit];
  if (!(size > 0)) throw new Error(`--${option} ${text}: a size such as 1MB or 1GB was expected\n${usage}`);
  return size;
}

/** A count from 1 on. */
export function countOf(option, text, usage) {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${option} ${text}: a count from 1 on was expected\n${usage}`);
  return Number(text);
}

/** Names out of `known`. */
export function namesOf(option, text, known) {
  const names = listOf(text);
  for (const name of names) {
    if (!known.includes(name)) throw new Error(`--${option} ${name}: ${known.join(" or ")} was expected`);
  }
  return names;
}

/** A record goes into the repository: folders of this machine are of no use to others. */
export function withoutPaths(args) {
  return args.map((arg) =>
    arg.includes("/") ? arg.replace(/[^=]*\//, (folder) => (folder === arg ? basename(arg) : "")) : arg,
  );
}
