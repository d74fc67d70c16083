/** The parts of a combination `A&B~C`, as native code takes it apart, for what is said about them before it matches. */

/** Parts that must be present, and parts that must not. White space around them does not count. */
export interface Expression {
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

/** Takes an expression apart. Parts may be empty, which native code refuses. */
export function parseExpression(text: string): Expression {
  const parts = text.split(/([&~])/);
  const present: string[] = [];
  const absent: string[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const part = (parts[at] as string).trim();
    if (parts[at - 1] === "~") absent.push(part);
    else present.push(part);
  }
  return { present, absent };
}

/**
 * Whether a text looks like an expression though its entry is none: `&` or `~` between letters of scripts that do not
 * use them. `AT&T` and `R&D` are names.
 */
export function looksLikeExpression(text: string): boolean {
  return /\p{Lo}\s*[&~]\s*\p{L}|\p{L}\s*[&~]\s*\p{Lo}/u.test(text);
}
