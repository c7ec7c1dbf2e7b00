import { styleText } from "node:util";

// One format at a time: for a list of them, Node 20 does not ask the stream.
type Format = "bold" | "dim" | "red" | "green" | "cyan";

/** Colours a text, or not. */
export type Paint = (format: Format, text: string) => string;

/** For files, pipes and tests. */
export const plain: Paint = (_format, text) => text;

/** Colours as the stream wants them: NO_COLOR, FORCE_COLOR, and whether it is a terminal. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (format, text) => styleText(format, text, { stream });
}
