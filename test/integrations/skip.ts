const told = new Set<string>();

/** Why a suite is skipped, printed once for each tool; undefined when the tool is there. */
export function missing(name: string, found: unknown): string | undefined {
  if (found !== undefined) return undefined;
  const reason = `skipped: there is no ${name} here; \`npm run setup:integrations\` installs it`;
  if (!told.has(name)) process.stderr.write(`meshscript: ${reason}\n`);
  told.add(name);
  return reason;
}
