/** Tables of the page: headers with scope, and what a narrow screen or a reader aloud needs to name each cell. */

import type { Markup, Value } from "./markup.ts";
import { html } from "./markup.ts";

/** A column after the first. */
export interface Column {
  readonly label: string;
  /** Numbers stand right and sort as numbers. */
  readonly number?: boolean;
  /** Class of the cells. */
  readonly name?: string;
}

/** A row: its header, then one value per column. */
export interface Row {
  readonly name?: string;
  readonly head: Value;
  readonly cells: readonly Value[];
}

export interface Table {
  readonly caption: Value;
  /** Label of the column of row headers. */
  readonly head: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Row of sums. */
  readonly foot?: Row;
}

/**
 * A table that sorts (with the page's script) and turns into blocks on a narrow screen. Roles are spelled out because
 * browsers drop those of tables that are laid out as blocks.
 */
export function table({ caption, head, columns, rows, foot }: Table): Markup {
  const cells = columns.map((column) => ({ label: column.label, type: classOf(column) }));
  const row = (one: Row): Markup =>
    html`<tr role="row"${one.name !== undefined && html` class="${one.name}"`}><th role="rowheader" scope="row">${one.head}</th>${one.cells.map(
      (value, index) =>
        html`<td role="cell" data-label="${cells[index]?.label ?? head}"${cells[index]?.type ?? null}>${value}</td>`,
    )}</tr>
`;
  return html`<table class="cards sortable" role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${head}</th>${columns.map(
    (column) => html`<th role="columnheader" scope="col"${classOf(column)}>${column.label}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">
${rows.map(row)}</tbody>
${foot !== undefined && html`<tfoot role="rowgroup">${row(foot)}</tfoot>`}</table>
`;
}

function classOf({ number, name }: Column): Markup | null {
  const names = [...(number ? ["n"] : []), ...(name === undefined ? [] : [name])];
  return names.length === 0 ? null : html` class="${names.join(" ")}"`;
}
