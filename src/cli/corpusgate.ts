#!/usr/bin/env node
/** The command as it is installed: a scan, or a merge that may scan, runs in a process of its own, which is watched; all else runs here. */
import { supervise } from "./supervise.ts";

if (process.argv[2] === "scan" || process.argv[2] === "merge") {
  process.exitCode = await supervise(new URL("./main.js", import.meta.url), process.argv.slice(2));
} else {
  await import("./main.ts");
}
