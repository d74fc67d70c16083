/** `npm run bench`: chooses the model. README.md says what they measure, and how to read their figures. */
import { benchColumn, usage as columnUsage } from "./column/run.mjs";
import { benchMatch, usage as matchUsage } from "./match/run.mjs";
import { benchScan, usage as scanUsage } from "./scan.mjs";

/** Each model takes what follows its name. */
const models = { scan: benchScan, match: benchMatch, column: benchColumn };
const usages = [scanUsage, matchUsage, columnUsage].join("\n\n");

async function main(args) {
  if (args.includes("--help")) return console.log(usages);
  // Without a model, options are those of the first.
  const [model, rest] = args[0] === undefined || args[0].startsWith("-") ? ["scan", args] : [args[0], args.slice(1)];
  if (!Object.hasOwn(models, model)) {
    throw new Error(`${model}: ${Object.keys(models).join(" or ")} was expected\n\n${usages}`);
  }
  await models[model](rest);
}

await main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
