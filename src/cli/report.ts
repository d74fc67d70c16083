/** What commands that give a report write of it to stdout. */
import type { Report } from "../report/report.ts";
import { renderTable } from "../report/table.ts";
import { printable, writeOut } from "./output.ts";

/** Writes the table of a report, and where the whole of it lies. */
export async function writeReport(report: Report, folder: string): Promise<void> {
  const columns = process.stdout.columns ?? 120;
  await writeOut(renderTable(report, { columns, color: process.stdout.isTTY === true && !process.env.NO_COLOR }));
  await writeOut(`\nreport: ${printable(folder)}/report.html and report.json\n`);
}
