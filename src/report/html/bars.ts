/** Bars of the page as inline SVG: drawn by attributes, so that the page needs no style attribute. */

import type { Markup } from "./markup.ts";
import { html } from "./markup.ts";

/** Units of the drawing: 200 wide stand for shares of 0 to 10 %, so the 5 % line is in the middle. */
const width = 200;
const scale = width / 0.1;
const line = 0.05 * scale;

/**
 * The share of a source against the 5 % line. The axis is the same for every source and every report (0 to 10 %), so
 * that bars compare; what is over 10 % ends in an arrow. The figures stand beside it, so it is hidden from readers aloud.
 *
 * @param share - 0..1
 * @param bounds - of the interval; null for none, as for a census
 */
export function shareBar(share: number, bounds: { readonly lower: number; readonly upper: number } | null): Markup {
  const end = place(share);
  const over = share > 0.05;
  const bar =
    share > 0.1
      ? html`<path class="bar over" d="M0 5H192L200 10L192 15H0Z"/>`
      : html`<rect class="${over ? "bar over" : "bar"}" x="0" y="5" width="${end}" height="10"/>`;
  return html`<svg class="share" viewBox="0 0 200 20" preserveAspectRatio="none" aria-hidden="true"><rect class="track" x="0" y="5" width="200" height="10"/>${bar}${bounds && whisker(bounds)}<line class="limit" x1="${line}" y1="0" x2="${line}" y2="20"/></svg>`;
}

function whisker({ lower, upper }: { readonly lower: number; readonly upper: number }): Markup {
  const [from, to] = [place(lower), place(upper)];
  const cap = upper > 0.1 ? "" : `M${to} 7V13`;
  return html`<path class="whisker" d="M${from} 10H${to}M${from} 7V13${cap}"/>`;
}

/** Place of a share on the axis, to a hundredth of a unit. */
function place(share: number): number {
  return Math.round(Math.min(share * scale, width) * 100) / 100;
}

/** Parts of a whole, side by side. What is not nothing is at least one unit wide, so that a rare part is seen. */
export function partsBar(parts: readonly { readonly name: string; readonly count: number }[]): Markup {
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  const shown = parts.filter((part) => part.count > 0);
  const least = 4;
  const free = 1000 - least * shown.length;
  let at = 0;
  const rects = shown.map((part) => {
    const size = Math.round((least + (free * part.count) / total) * 100) / 100;
    const rect = html`<rect class="part ${part.name}" x="${Math.round(at * 100) / 100}" y="0" width="${size}" height="20"/>`;
    at += size;
    return rect;
  });
  return html`<svg class="parts" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`;
}
