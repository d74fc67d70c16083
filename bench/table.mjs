/** Figures as text: what the pages of all models have in common. */

/** The middle value; of an even number the mean of the middle two. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

/**
 * A Markdown table with its columns aligned.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {number} [names] columns that hold names, on the left; the others hold figures
 */
export function table(head, rows, names = 2) {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column < names ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column < names ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** One decimal, none from 100 on. */
export function fixed(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

/** Bytes as 10⁶ of them. */
export function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}
