/** What makes asc import a function that Envoy does not have, and what to write instead. */
export interface Feature {
  /** As it stands in the source. */
  feature: string;
  instead: string;
}

const clock = "take the time from the SDK's clock, which asks Envoy";
const log = "log through the SDK, which hands the line and its level to Envoy";

const byName: Readonly<Record<string, Feature>> = {
  "Date.now": { feature: "Date.now(), new Date() without a time, or process.time()", instead: clock },
  "performance.now": { feature: "performance.now() or process.hrtime()", instead: clock },
  seed: { feature: "Math.random()", instead: "draw random numbers from the SDK, or take the source of chance as an argument" },
  trace: { feature: "trace()", instead: log },
  abort: {
    feature: "an assertion, `throw` or a checked array access, without an override of abort",
    instead: "build with `meshscript build` or `npm run build`, which put the SDK's abort in its place",
  },
  "crypto.getRandomValuesN": { feature: "crypto.getRandomValues()", instead: "draw random bytes from the SDK" },
  "process.exit": {
    feature: "process.exit()",
    instead: "a filter cannot end Envoy: answer with a local reply, or return false from configure",
  },
  memory: { feature: "--importMemory", instead: "leave it out: Envoy reads the memory that the module exports" },
  table: { feature: "--importTable", instead: "leave it out" },
};

/** Explains an import of module `env` that asc adds by itself; undefined for a name that somebody declared. */
export function silentImport(name: string): Feature | undefined {
  if (name.startsWith("console.")) return { feature: `${name}()`, instead: log };
  if (Object.hasOwn(byName, name)) return byName[name];
  const bound = /^(Math|Date|Reflect|String|Object|process|crypto|performance)\./.exec(name);
  return bound
    ? { feature: name, instead: "it calls into JavaScript, which is not there: use AssemblyScript's own or the SDK" }
    : undefined;
}
