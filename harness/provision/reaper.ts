import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";

/**
 * Ends Envoy, and the tools that install it, when this Node process ends in whatever way, `kill -9` included: nothing in Node runs then, so the guard is a second
 * process. It reads process groups from its standard input (`+ID` guards, `-ID` releases); the kernel closes that pipe when we are
 * gone, and then it sends TERM to every group that is left, and KILL two seconds later.
 *
 * No `--` in front of the group: dash, the sh of Debian, takes it for a number and kills nothing.
 */
const SCRIPT = `
trap '' INT HUP TERM QUIT PIPE
groups=' '
while read -r line; do
  id=\${line#?}
  case $line in
    +*) groups="$groups$id " ;;
    -*) case $groups in *" $id "*) groups="\${groups%%" $id "*} \${groups#*" $id "}" ;; esac ;;
  esac
done
alive() { for g in $groups; do kill -0 "-$g" 2>/dev/null && return 0; done; return 1; }
for g in $groups; do kill -TERM "-$g" 2>/dev/null; done
n=0
while alive && [ $n -lt 20 ]; do sleep 0.1; n=$((n+1)); done
for g in $groups; do kill -KILL "-$g" 2>/dev/null; done
`;

let reaper: { child: ChildProcess; input: Writable } | undefined;

/** Starts the guard ahead of what it is to guard, so that nothing but a write lies between a child's start and its being guarded. */
export function readyReaper(): void {
  reaper ??= startReaper();
}

/** Guards a process group (a child that was spawned with `detached: true`; the group has the id of the child). */
export function guard(group: number): void {
  reaper ??= startReaper();
  reaper.input.write(`+${group}\n`);
}

/** The group has ended: its id may be given to somebody else from now on. */
export function release(group: number): void {
  reaper?.input.write(`-${group}\n`);
}

/** Whether any process of a group is left. A zombie counts until its parent has collected it, so ask after the `exit` event. */
export function groupIsAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function startReaper(): { child: ChildProcess; input: Writable } {
  // Detached: Ctrl-C in the terminal goes to our group, and must not reach the reaper.
  // By its path, since PATH can be anything here: whoever looks for tools in a folder of his own must not lose the reaper by that.
  const env = { PATH: "/usr/bin:/bin" };
  const child = spawn("/bin/sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"], env });
  const input = child.stdin;
  if (input === null) throw new Error("the reaper has no standard input");
  // Should it be killed, the next Envoy gets a new one, and writing to the old must not throw.
  input.on("error", () => undefined);
  child.on("exit", () => {
    reaper = undefined;
  });
  // A system without a shell: what runs is then ended by `stop()` only.
  child.on("error", () => undefined);
  // Neither the process nor its pipe may keep a finished Node process alive.
  child.unref();
  if ("unref" in input && typeof input.unref === "function") input.unref();
  return { child, input };
}
