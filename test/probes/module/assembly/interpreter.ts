import { setAllocator } from "./allocator";
import { call } from "./calls";
import { environ_get, environ_sizes_get, proxy_get_buffer_bytes } from "./imports";
import { Line } from "./line";
import { Args, Outs, variables } from "./values";

/** The steps of one plugin, by section; see `sectionOf`. */
class Script {
  /** In front of each line, when a chain has several of these. */
  label: string = "";
  sections: Map<string, string[]> = new Map<string, string[]>();

  read(text: string): void {
    let section: string[] = [];
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i];
      if (line.startsWith("label ")) this.label = `[${line.substring(6)}] `;
      else if (line.startsWith("section ")) {
        section = [];
        this.sections.set(line.substring(8), section);
      } else if (line.length > 0) section.push(line);
    }
  }
}

/** A root or a stream, as far as the host told us of it. */
class Context {
  script: Script;
  /** Streams of this root so far. */
  streams: i32 = 0;
  /** Which stream of its root this is; 0 for the root. */
  private ordinal: i32 = 0;
  private calls: Map<string, i32> = new Map<string, i32>();

  constructor(
    readonly id: u32,
    readonly parent: Context | null,
  ) {
    this.script = parent == null ? boot() : parent.script;
    if (parent != null) this.ordinal = ++parent.streams;
  }

  /** The steps for the k-th call in the n-th stream: the first that is there of `rh#n.k`, `rh#n`, `rh.k`, `rh`. */
  sectionOf(phase: string): string[] {
    const k = (this.calls.has(phase) ? this.calls.get(phase) : 0) + 1;
    this.calls.set(phase, k);
    const names = [`${phase}#${this.ordinal}.${k}`, `${phase}#${this.ordinal}`, `${phase}.${k}`, phase];
    for (let i = 0; i < names.length; i++) if (this.script.sections.has(names[i])) return this.script.sections.get(names[i]);
    return [];
  }
}

const contexts = new Map<u32, Context>();

/** What is to run before there is a configuration (create, start): the environment variable PROBE. */
function boot(): Script {
  const script = new Script();
  const sizes = memory.data(8, 8);
  if (environ_sizes_get(sizes as i32, (sizes as i32) + 4) != 0 || load<i32>(sizes) == 0) return script;
  const block = heap.alloc(load<i32>(sizes, 4));
  environ_get(heap.alloc(load<i32>(sizes) * 4) as i32, block as i32);
  const all = String.UTF8.decodeUnsafe(block, load<i32>(sizes, 4)).split("\0");
  for (let i = 0; i < all.length; i++) if (all[i].startsWith("PROBE=")) script.read(all[i].substring(6));
  return script;
}

/** The host made a context. A root lets its own steps run when it is configured. */
export function open(id: u32, parent: u32): Context {
  const above = parent != 0 && contexts.has(parent) ? contexts.get(parent) : null;
  const context = new Context(id, above);
  contexts.set(id, context);
  return context;
}

/** Hosts that were told not to announce contexts leave it to the first callback: then the root is the only one. */
function find(id: u32): Context {
  return contexts.has(id) ? contexts.get(id) : open(id, id == 1 ? 0 : 1);
}

export function configure(id: u32, size: i32): void {
  const out = memory.data(8, 8);
  if (size == 0 || proxy_get_buffer_bytes(7, 0, size, out as i32, (out as i32) + 4) != 0) return;
  find(id).script.read(String.UTF8.decodeUnsafe(load<u32>(out), load<i32>(out, 4)));
}

/** One callback: logs that it came with which numbers, runs its steps, and answers what they say. */
export function run(phase: string, id: u32, numbers: string, answer: i32): i32 {
  const context = find(id);
  const label = context.script.label;
  new Line().text(label).text(phase).text(" ").int(id).text(numbers).log();
  variables.set("ctx", id);
  const parent = context.parent;
  variables.set("root", parent == null ? id : parent.id);
  const steps = context.sectionOf(phase);
  for (let i = 0; i < steps.length; i++) {
    const tokens = steps[i].split(" ");
    const name = tokens[2];
    if (name == "return") {
      new Line().text(label).text(phase).text(" return ").text(tokens[3]).log();
      return I32.parseInt(tokens[3]) as i32;
    }
    step(`${label}${phase}`, tokens, name);
  }
  return answer;
}

/** `show save name arguments`: show is `-`, `~` (lengths only), `%` (as pairs), `!` (out pointers outside); save a variable or `-`. */
function step(prefix: string, tokens: string[], name: string): void {
  if (name == "spin") {
    while (true) {}
  }
  if (name == "trap") {
    new Line().text(prefix).text(" trap").log();
    unreachable();
  }
  if (name == "alloc") return setAllocator(tokens[3] == "normal" ? "" : tokens[3]);
  const args = new Args(tokens.slice(3));
  if (name == "let") {
    variables.set(tokens[1], args.long(0));
    return;
  }
  if (name == "grow") {
    new Line()
      .text(prefix)
      .text(" grow")
      .text(" = ")
      .int(memory.grow(args.int(0)) < 0 ? -1 : 0)
      .log();
    return;
  }
  const how = tokens[0].charCodeAt(0);
  const out = new Outs(how == 0x21);
  const line = new Line().text(prefix).text(" ").text(name);
  args.show(line);
  if (how == 0x21) line.text(" !");
  if (name == "proc_exit") line.log();
  const status = call(name, args, out);
  if (tokens[1] != "-") variables.set(tokens[1], out.number());
  line.text(" = ").int(status);
  out.show(line, name == "get_header_map_pairs" ? 0x25 : how);
  line.log();
}
