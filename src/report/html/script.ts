/**
 * The page's script: sorts the tables and filters the sources. The page is complete without it; so the controls are
 * made here and not in the HTML. Prints always show every row (see the style).
 */
export const script = `"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const last = head.getAttribute("aria-sort");
      const next = { null: "descending", descending: "ascending", ascending: null }[last];
      for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
      if (next === null) return body.append(...original);
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const keyed = original.map((row) => {
        const text = row.cells[column].textContent.trim();
        const number = row.cells[column].classList.contains("n") ? parseFloat(text.replace(/,/g, "")) : NaN;
        return { row, text, number };
      });
      keyed.sort((a, b) => {
        const open = Number(Number.isNaN(a.number)) - Number(Number.isNaN(b.number));
        if (open !== 0) return open;
        return sign * (Number.isNaN(a.number) ? (a.text < b.text ? -1 : a.text > b.text ? 1 : 0) : a.number - b.number);
      });
      body.append(...keyed.map((entry) => entry.row));
    });
  });
}
const sources = document.querySelector("#sources table");
if (sources && sources.tBodies[0].rows.length > 8) {
  const rows = [...sources.tBodies[0].rows];
  const tools = document.createElement("div");
  tools.className = "tools";
  const search = Object.assign(document.createElement("input"), { type: "search", placeholder: "Filter sources" });
  search.setAttribute("aria-label", "Filter sources by any text");
  const result = document.createElement("select");
  result.setAttribute("aria-label", "Filter sources by gate result");
  for (const [value, label] of [["", "All results"], ["fail", "Fail"], ["not-decided", "Not decided"], ["pass", "Pass"]]) {
    result.append(new Option(label, value));
  }
  const shown = document.createElement("output");
  const filter = () => {
    const words = search.value.toLowerCase();
    let count = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(words) || (result.value !== "" && row.className !== result.value);
      if (!row.hidden) count++;
    }
    shown.textContent = count === rows.length ? "" : count + " of " + rows.length + " sources shown; the last row sums all";
  };
  search.addEventListener("input", filter);
  result.addEventListener("change", filter);
  tools.append(search, result, shown);
  sources.before(tools);
}
`;
