/** Reads a YAML file against a schema. An error names the file, the line, the field, the value and what is allowed. */
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { messageOf, ScanError } from "../errors.ts";

/** Largest configuration file, in bytes. Keyword lists are separate files and not bound by it. */
const maxBytes = 64 * 1024 * 1024;
/** How much of a wrong value an error shows. */
const shownChars = 60;

/**
 * Reads and checks a YAML file.
 *
 * @param path - the file
 * @param what - what it is, for messages: `corpus`, `library`, `policy`, `model`
 * @param schema - what it must look like; unknown fields are refused by strict objects
 * @throws ScanError `config` with every fault found, one a line: `file:line:column: field: problem`
 */
export function readYaml<T extends z.ZodType>(path: string, what: string, schema: T): z.output<T> {
  return parseYaml(readText(path, what), path, schema);
}

/** As `readYaml`, of a text that was read already; `path` names it in messages. */
export function parseYaml<T extends z.ZodType>(text: string, path: string, schema: T): z.output<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new ScanError("config", `${path}:${line}:${col}: not valid YAML: ${broken.message}`);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ScanError("config", `${path}: not usable YAML: ${messageOf(error)}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap(expandUnion).map((issue) => {
    const { line, col } = lines.linePos(positionOf(document, issue.path));
    const field = fieldName(issue.path);
    // Where the key is wrong, the value is not to blame.
    const isOfKey = issue.code === "unrecognized_keys" || issue.code === "invalid_key";
    const shown = isOfKey ? "" : shownValue(value, issue.path);
    const message =
      issue.code === "invalid_key" ? issue.issues.map((inner) => inner.message).join("; ") : issue.message;
    return `${path}:${line}:${col}: ${field === "" ? "" : `${field}: `}${shown}${message}`;
  });
  throw new ScanError("config", faults.join("\n"));
}

/** Reads a configuration file as text. */
export function readText(path: string, what: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder, not a file" : `cannot be read (${code})`;
    throw new ScanError("config", `${what} file ${path} ${why}`, { cause: error });
  }
  if (bytes.length > maxBytes) {
    throw new ScanError("config", `${what} file ${path} is ${bytes.length} bytes; the limit is ${maxBytes}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ScanError("config", `${what} file ${path} is not UTF-8`, { cause: error });
  }
}

type Issue = z.core.$ZodIssue;

/** The issues of the branch of a union that came nearest, so that the message speaks of the field and not of a union. */
function expandUnion(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const branches = issue.errors.filter((branch) => branch.length > 0);
  const deepest = branches.toSorted((a, b) => depth(b) - depth(a))[0];
  if (deepest === undefined || depth(deepest) === 0) return [issue];
  return deepest.flatMap((inner) => expandUnion({ ...inner, path: [...issue.path, ...inner.path] }));
}

function depth(branch: readonly Issue[]): number {
  return Math.max(...branch.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)));
}

function positionOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length) as unknown[], true);
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    if (range !== undefined) return range[0];
  }
  return 0;
}

function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${String(part)}`))
    .join("");
}

function shownValue(root: unknown, path: readonly PropertyKey[]): string {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== "object") return "";
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  if (value === undefined || (value !== null && typeof value === "object")) return "";
  const text = JSON.stringify(value);
  return `${text.length > shownChars ? `${text.slice(0, shownChars)}…` : text}: `;
}
