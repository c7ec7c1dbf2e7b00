// @ts-check
/** `npm start [-- --once]`: sets up and runs the demo, in this process, so that signals and the exit code are its own. */
import { failWith } from "./lib/report.mjs";
import { setup } from "./setup.mjs";

await setup().catch(failWith);
const { hasCompiled, load } = await import("./lib/dist.mjs");
if (!hasCompiled("demo/main")) await failWith(new Error("demo/main.ts does not exist yet"));
const demo = await load("demo/main").catch(failWith);
// A demo that offers `main` is called; one that runs when loaded has run by now.
if (typeof demo.main === "function") {
  const code = await demo.main(process.argv.slice(2)).catch(failWith);
  if (typeof code === "number") process.exitCode = code;
}
