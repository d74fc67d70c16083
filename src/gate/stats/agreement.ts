/** Agreement between reviewers. */
import { checkArray, checkInteger, checkThat } from "./check.ts";

type Table = ReadonlyArray<readonly number[]>;

/** Checks a table of counts; returns the number of columns. */
function checkTable(table: Table): number {
  checkArray("table", table, 1);
  const columns = table[0]?.length ?? 0;
  for (const [i, row] of table.entries()) {
    checkArray(`table[${i}]`, row, 1);
    checkThat(row.length === columns, `length of table[${i}]`, row.length, `${columns}, that of table[0]`);
    for (const [j, count] of row.entries()) checkInteger(`table[${i}][${j}]`, count, 0);
  }
  return columns;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function columnSums(table: Table, columns: number): number[] {
  return Array.from({ length: columns }, (_, j) => sum(table.map((row) => row[j] ?? 0)));
}

/**
 * Cohen's kappa of two reviewers, and its standard error
 * (Cohen, Educ. Psychol. Meas. 20 (1960) 37-46; Fleiss, Cohen & Everitt, Psychol. Bulletin 72 (1969) 323-327, eq. 13).
 *
 * @param args - `table`: square counts, first reviewer in rows, second in columns
 * @returns `[kappa, standard error]`; both NaN when every rating fell in one category: chance agreement is then
 *   complete
 * @throws RangeError when the table is not square, not of counts, or empty
 */
export function kappa(args: { table: Table }): [number, number] {
  const { table } = args;
  const size = checkTable(table);
  checkThat(table.length === size, "rows of table", table.length, `${size}, the number of columns`);
  const total = sum(table.map(sum));
  checkThat(total > 0, "sum of table", total, "at least 1");
  const rows = table.map((row) => sum(row) / total);
  const columns = columnSums(table, size).map((count) => count / total);
  let agreed = 0;
  let byChance = 0;
  for (let i = 0; i < size; i += 1) {
    agreed += (table[i]?.[i] ?? 0) / total;
    byChance += (rows[i] ?? 0) * (columns[i] ?? 0);
  }
  if (byChance === 1) return [Number.NaN, Number.NaN];
  const value = (agreed - byChance) / (1 - byChance);
  let spread = 0;
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      const share = (table[i]?.[j] ?? 0) / total;
      const margins =
        i === j
          ? 1 - ((rows[i] ?? 0) + (columns[i] ?? 0)) * (1 - value)
          : ((columns[i] ?? 0) + (rows[j] ?? 0)) * (1 - value);
      spread += share * margins * margins;
    }
  }
  const variance = (spread - (value - byChance * (1 - value)) ** 2) / (1 - byChance) ** 2 / total;
  return [value, Math.sqrt(Math.max(0, variance))];
}

/**
 * Fleiss' kappa of several reviewers (Psychol. Bulletin 76 (1971) 378-382).
 *
 * @param args - `table`: one row per record, how many reviewers chose each category; the same number, at least 2, in
 *   each row
 * @returns kappa; NaN when every rating fell in one category
 * @throws RangeError when the table is not of counts or its rows differ in their sum
 */
export function fleiss(args: { table: Table }): number {
  const { table } = args;
  const categories = checkTable(table);
  const raters = sum(table[0] ?? []);
  checkThat(raters >= 2, "sum of table[0]", raters, "at least 2 reviewers");
  for (const [i, row] of table.entries()) {
    checkThat(sum(row) === raters, `sum of table[${i}]`, sum(row), `${raters}, that of table[0]`);
  }
  const ratings = raters * table.length;
  const byChance = sum(columnSums(table, categories).map((count) => (count / ratings) ** 2));
  if (byChance === 1) return Number.NaN;
  const pairs = table.map((row) => (sum(row.map((count) => count * count)) - raters) / (raters * (raters - 1)));
  return (sum(pairs) / table.length - byChance) / (1 - byChance);
}
