import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Whose a folder is: a process, and what tells it from another that has got its number later, or has it on another machine. */
interface Owner {
  pid: number;
  /** When it was started, in clock ticks of the system; undefined where nobody can tell. */
  started?: string;
  /** Where that number means that process. */
  where: string;
}

/** This process, as text for a file. */
export function ownerText(): string {
  const started = startOf("self");
  const owner: Owner = { pid: process.pid, ...(started === undefined ? {} : { started }), where: where() };
  return `${JSON.stringify(owner)}\n`;
}

/** What is known of the owner: `unknown` for one on another machine or in another container, and for a text that is none of ours. */
export function ownerState(text: string): "alive" | "dead" | "unknown" {
  let owner: Partial<Owner>;
  try {
    owner = JSON.parse(text) as Partial<Owner>;
  } catch {
    return "unknown";
  }
  const { pid, started, where: there } = owner;
  if (typeof pid !== "number" || there !== where()) return "unknown";
  if (!isAlive(pid)) return "dead";
  return started === undefined || started === startOf(pid) ? "alive" : "dead";
}

/** Whether there is a process of this number, on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** proc(5): field 22 of stat; the second is a name in brackets, which can have spaces in it. */
function startOf(pid: number | "self"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
  } catch {
    return undefined;
  }
}

/** The machine and, on Linux, the namespace of process numbers. */
function where(): string {
  try {
    return `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}
