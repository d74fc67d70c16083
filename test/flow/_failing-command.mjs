/** `corpusgate scan` with the workers of `_failing-worker.mjs`, watched as the command is. */
const dist = (path) => new URL(`../../dist/${path}`, import.meta.url).href;

if (process.send === undefined) {
  const { supervise } = await import(dist("cli/supervise.js"));
  process.exitCode = await supervise(new URL(import.meta.url), process.argv.slice(2));
} else {
  const { scanCommand } = await import(dist("cli/scan.js"));
  const { exitCodeOf, messageOf } = await import(dist("errors.js"));
  try {
    const script = new URL("./_failing-worker.mjs", import.meta.url);
    await scanCommand({ script }).parseAsync(process.argv.slice(3), { from: "user" });
  } catch (error) {
    process.stderr.write(`corpusgate: ${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
