import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import { valueAt } from "../../harness/cases/findings.ts";
import type { Path } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/index.ts";
import type { Asked, Asker } from "./asker.ts";
import { type Plugin, type Question, accept, withIdle } from "./question.ts";
import { refusalOf, refusedPlugin } from "./refusal.ts";
import { type Rejection, rejectionOf, unknownCluster } from "./rejection.ts";
import { addCluster } from "./xds.ts";

/** More rounds than anybody has mistakes. */
const ROUNDS = 40;

/**
 * What Envoy has against a configuration. It stops at the first thing, so what it named is taken out and it is asked again, as long as what
 * comes cannot follow from what was taken out. What was found without Envoy is taken out before.
 */
export async function envoyFindings(question: Question, asker: Asker): Promise<Diagnostic[]> {
  const found = await asker.session((ask, accepting) => new Conversation(question, ask, accepting).findings());
  return found ?? [];
}

class Conversation {
  private readonly found: Diagnostic[] = [];
  private readonly accepted = new Set<Plugin>();
  private refused = false;
  /** Why Envoy refused the last time. */
  private unheard: string | undefined;
  /** Where values were taken out that Envoy could not read: they may be missed later. */
  private readonly removed: Path[] = [];

  constructor(
    private readonly question: Question,
    private readonly ask: (config: string | ConfigObject) => Promise<Asked>,
    private readonly accepting: string,
  ) {}

  async findings(): Promise<Diagnostic[]> {
    const { file, plugins } = this.question;
    const broken = plugins.filter((plugin) => plugin.broken);
    // The verdict that counts is about the file itself; the same as JSON of ours is for the places, and to go on behind the first mistake.
    const first = file !== undefined && broken.length === 0 ? await this.ask(file) : undefined;
    if (first?.taken && !plugins.some(({ idle }) => idle)) return [];
    makeNamesUnique(this.question);
    for (const plugin of broken) this.accept(plugin);
    for (let round = 0; round < ROUNDS && (await this.goesOn()); round++);
    // As JSON it can be well: then something in the text is taken otherwise by Envoy's YAML. No refusal must end as "ok".
    const reason = this.unheard ?? (first && !this.refused ? first.reason : undefined);
    const told = this.found.length > 0 || plugins.some(({ reported, unfit, broken: known }) => reported.length > 0 || unfit || known);
    if (reason !== undefined && !told) this.reject(rejectionOf(reason, this.question.value));
    return this.found;
  }

  /** Asks once. @returns whether asking again can tell more */
  private async goesOn(): Promise<boolean> {
    const { value, plugins, part } = this.question;
    const idle = plugins.filter((plugin) => plugin.idle).map(({ path }) => valueAt(value, path) as ConfigObject);
    const asked = await this.ask(withIdle(value, idle));
    this.unheard = asked.taken ? undefined : (asked.reason ?? "no reason");
    if (this.unheard === undefined) return false;
    this.refused = true;
    const reason = this.unheard;
    const plugin = refusedPlugin(reason, this.question);
    if (plugin && !this.accepted.has(plugin)) {
      if (!this.removed.some((path) => plugin.path.every((step, i) => path[i] === step))) this.found.push(...refusalOf(plugin, asked));
      this.accept(plugin);
      return true;
    }
    const cluster = unknownCluster(reason);
    if (part && cluster !== undefined && addCluster(value, cluster)) return true;
    const rejection = rejectionOf(reason, value, asked.json);
    if (this.removed.length > 0 && !rejection.syntax) return false;
    this.reject(rejection);
    if (!rejection.syntax || !rejection.path) return false;
    // An Any without its type cannot be read: the whole goes.
    const path = rejection.path.at(-1) === "@type" ? rejection.path.slice(0, -1) : rejection.path;
    this.removed.push(path);
    return remove(value, path);
  }

  private reject({ message, path = [], part, help }: Rejection): void {
    const { locate, value } = this.question;
    // What is missing has no place: that of the nearest name around it.
    const there = path.findIndex((_, i) => valueAt(value, path.slice(0, i + 1)) === undefined);
    const near = there < 0 ? path : path.slice(0, there);
    const location = near.length === 0 ? { file: locate([], "value").file } : locate(near, there < 0 ? part : "key");
    this.found.push(
      diagnostic("MS0402", `Envoy rejected the configuration: ${message}`, { location, ...(help === undefined ? {} : { help }) }),
    );
  }

  private accept(plugin: Plugin): void {
    this.accepted.add(plugin);
    const config = valueAt(this.question.value, plugin.path);
    if (isObject(config)) accept(config, this.accepting);
  }
}

/** Envoy names the plugin that it could not make: each gets a name that no other has. */
function makeNamesUnique({ value, plugins }: Question): void {
  const taken = new Set<unknown>([""]);
  plugins.forEach(({ path }, i) => {
    const config = valueAt(value, path) as ConfigObject;
    const name = config["name"];
    if (name === undefined || taken.has(name)) config["name"] = `meshscript.check.${i}`;
    taken.add(config["name"]);
  });
}

/** @returns false for an entry of a list: those behind it would get other places. */
function remove(value: ConfigObject, path: Path): boolean {
  const holder = valueAt(value, path.slice(0, -1));
  const key = path.at(-1);
  if (!isObject(holder) || typeof key !== "string" || !(key in holder)) return false;
  delete holder[key];
  return true;
}
