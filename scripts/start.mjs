// @ts-check
/** `npm start [-- --once]`: sets up and runs the demo, in this process, so that signals and the exit code are its own. */
import { failWith } from "./lib/report.mjs";
import { setup } from "./setup.mjs";

await setup().catch(failWith);
const { load } = await import("./lib/dist.mjs");
const demo = await load("demo/main").catch(failWith);
// A demo that offers `main` is called; one that runs when loaded has run by now.
if (typeof demo.main === "function") {
  const code = await demo.main(process.argv.slice(2)).catch(failWith);
  if (typeof code === "number") process.exitCode = code;
}
