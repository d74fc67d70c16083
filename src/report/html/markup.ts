/** HTML from templates in which every value is escaped, so that no text of a corpus can become markup. */
import { visibleText } from "../text.ts";

/** Text that is HTML already. Only `html` makes it. */
class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type { Markup };

/** What a template takes: text is escaped, markup is not, lists are joined, `null` and `false` are nothing. */
export type Value = string | number | Markup | null | false | readonly Value[];

/**
 * A piece of HTML. Values are escaped for element text and for quoted attributes alike, and their hidden characters
 * written out (`visibleText`); values must stand in no other place: not in `<script>`, `<style>` or an unquoted attribute.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = parts[0] ?? "";
  values.forEach((value, index) => {
    text += textOf(value) + (parts[index + 1] ?? "");
  });
  return new Markup(text);
}

/** The HTML of a value. */
export function textOf(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "string") return escapeHtml(visibleText(value));
  if (typeof value === "number") return String(value);
  if (value === null || value === false) return "";
  return value.map(textOf).join("");
}

/** An element whose content is not escaped, such as `<style>`: for texts of this program only, never for values. */
export function rawElement(name: "style" | "script", content: string): Markup {
  return new Markup(`<${name}>${content}</${name}>`);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
