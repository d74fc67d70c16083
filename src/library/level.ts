/** What was needed to see a keyword in a text. */

/** From least to most; native code knows a level by its place here. */
export const levels = [
  /** The stored characters are the keyword. */
  "plain",
  /** Another form of the same characters: case, width, accents, script variants, invisible characters dropped. */
  "folded",
  /** Letters of other scripts, digits or symbols that look like the keyword's. */
  "lookalike",
  /** Separators between its characters. */
  "spaced",
  /** Characters repeated. */
  "repeated",
  /** Entities, percent sequences, `\u`. */
  "escaped",
  /** Several keywords together. */
  "combo",
  /** A form that had to be guessed. */
  "aggressive",
] as const;

/** The highest level that was needed for a hit. */
export type Level = (typeof levels)[number];
