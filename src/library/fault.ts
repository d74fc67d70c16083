/** What a schema found wrong with a value, in one line: the field, its value and what is allowed. */
import type { z } from "zod";

/** How much of a wrong value is shown. */
const shownChars = 60;

/**
 * The first fault of a value.
 *
 * @param error - what the schema found
 * @param value - the value that it looked at
 * @param root - name of the value, the first part of the field's; nothing for a field of its own
 * @returns such as `options.fuzzy: 5: is not a whole number from 0 to 3`
 */
export function faultOf(error: z.ZodError, value: unknown, root = ""): string {
  const issue = error.issues[0] as z.core.$ZodIssue;
  const field = [root, ...issue.path.map(String)].filter((part) => part !== "").join(".");
  // Where a key is wrong, the value is not to blame.
  const given = issue.code === "unrecognized_keys" ? "" : shownValue(value, issue.path);
  return `${field === "" ? "" : `${field}: `}${given}${issue.message}`;
}

/** The value at a path, cut short and with a colon behind; nothing for a value that has no short form. */
export function shownValue(root: unknown, path: readonly PropertyKey[]): string {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== "object") return "";
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  if (value === undefined || (value !== null && typeof value === "object")) return "";
  const text = JSON.stringify(value);
  return `${text.length > shownChars ? `${text.slice(0, shownChars)}…` : text}: `;
}
