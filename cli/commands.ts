import type { Command } from "./command.ts";
import { commandName } from "./parse.ts";

/** Every command, in the order of the help; loaded when it is wanted, since most of the time that a short one takes is for loading. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  new: async () => (await import("./commands/new.ts")).newCommand,
  dev: async () => (await import("./commands/dev.ts")).dev,
  up: async () => (await import("./commands/up.ts")).up,
  split: async () => (await import("./commands/split.ts")).split,
  switch: async () => (await import("./commands/switch.ts")).switchCommand,
  ramp: async () => (await import("./commands/ramp.ts")).ramp,
  run: async () => (await import("./commands/run.ts")).run,
  build: async () => (await import("./commands/build.ts")).build,
  fuse: async () => (await import("./commands/fuse.ts")).fuse,
  check: async () => (await import("./commands/check.ts")).check,
  test: async () => (await import("./commands/test.ts")).test,
  authz: async () => (await import("./commands/authz.ts")).authz,
  verify: async () => (await import("./commands/verify.ts")).verify,
  symbolize: async () => (await import("./commands/symbolize.ts")).symbolize,
  path: async () => (await import("./commands/path.ts")).path,
};

/** What is compiled is not whole, or a package is gone from node_modules. */
export class NotLoaded extends Error {}

export function allCommands(): Promise<Command[]> {
  return Promise.all(Object.values(loaders).map(loaded));
}

async function loaded(load: () => Promise<Command | undefined>): Promise<Command> {
  const command = await load().catch((error: unknown) => {
    throw new NotLoaded(String(error instanceof Error ? error.message : error).split("\n")[0], { cause: error });
  });
  if (command === undefined) throw new NotLoaded("a file of dist/ is empty");
  return command;
}

/** As many as it takes to answer this command line: the one that it names; none for the version; all for help and for a name that is none. */
export async function commandsFor(argv: readonly string[]): Promise<Command[]> {
  const name = commandName(argv);
  if (name === undefined && isForVersion(argv)) return [];
  const load = name !== undefined && Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  return load ? [await loaded(load)] : allCommands();
}

function isForVersion(argv: readonly string[]): boolean {
  return argv.includes("--version") && !argv.includes("--");
}
