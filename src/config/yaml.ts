/** Reads a YAML file against a schema. An error names the file, the line, the field, the value and what is allowed. */
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { messageOf, ScanError } from "../errors.ts";
import { shownValue } from "../library/fault.ts";

/** Largest configuration file, in bytes. Keyword lists are separate files and not bound by it. */
const maxBytes = 64 * 1024 * 1024;
/** What is wrong at a place of a file. */
export interface YamlFault {
  readonly line: number;
  readonly column: number;
  /** The field, from the root; empty for the file as a whole. */
  readonly path: readonly PropertyKey[];
  /** The problem, with field and value. */
  readonly message: string;
}

/** A YAML file, as far as it can be read. */
export interface ExaminedYaml<T> {
  /** The checked value; undefined when there is a fault. */
  readonly data: T | undefined;
  /** The value as it stands; undefined when the file is no YAML. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** Line of a field, or of the nearest field around it. */
  lineOf(path: readonly PropertyKey[]): number;
}

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
  const { data, faults } = examineYaml(text, schema);
  if (faults.length === 0) return data as z.output<T>;
  const lines = faults.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
  throw new ScanError("config", lines.join("\n"));
}

/** Reads a YAML text and says all that is wrong with it. */
export function examineYaml<T extends z.ZodType>(text: string, schema: T): ExaminedYaml<z.output<T>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col: column } = lines.linePos(offset);
    return { line, column };
  };
  const lineOf = (path: readonly PropertyKey[]) => place(positionOf(document, path)).line;
  const refuse = (offset: number, message: string) => ({
    ...{ data: undefined, value: undefined, lineOf },
    faults: [{ ...place(offset), path: [], message }],
  });
  const broken = document.errors[0];
  if (broken !== undefined) return refuse(broken.pos[0], `not valid YAML: ${broken.message}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return refuse(0, `not usable YAML: ${messageOf(error)}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return { data: result.data, value, faults: [], lineOf };
  const faults = result.error.issues.flatMap(expandUnion).map((issue) => {
    const field = fieldName(issue.path);
    // Where the key is wrong, the value is not to blame.
    const isOfKey = issue.code === "unrecognized_keys" || issue.code === "invalid_key";
    const shown = isOfKey ? "" : shownValue(value, issue.path);
    const message =
      issue.code === "invalid_key" ? issue.issues.map((inner) => inner.message).join("; ") : issue.message;
    const offset = positionOf(document, issue.path);
    return { ...place(offset), path: issue.path, message: `${field === "" ? "" : `${field}: `}${shown}${message}` };
  });
  return { data: undefined, value, faults, lineOf };
}

/** Words that YAML 1.1 or 1.2 takes for something else than text. */
const reserved = /^(true|false|yes|no|on|off|y|n|null)$/i;

/** A text as it stands in YAML: plain where nobody takes it for anything else, quoted in one line where not. */
export function yamlText(text: string): string {
  const isPlain = /^\p{L}[\p{L}\p{N}_./*-]*( [\p{L}\p{N}_./*-]+)*$/u.test(text) && !reserved.test(text);
  return isPlain ? text : quotedText(text);
}

/** A text in quotes, as in JSON, without a character that a reader or a terminal would act upon. */
export function quotedText(text: string): string {
  return JSON.stringify(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
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
