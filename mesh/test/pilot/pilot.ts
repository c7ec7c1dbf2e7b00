import { join } from "node:path";
import { packageRoot } from "../../../harness/provision/cache.ts";
import { missing } from "../../../test/integrations/skip.ts";
import { thisMachine } from "../../../test/integrations/tools/machine.ts";
import { findPilot } from "../../../test/integrations/tools/pilot.ts";
import { Lines } from "./lines.ts";
import type { Answer, Request } from "./messages.ts";

export type { Answer, Config, ProxyOf, Request, Resource, Workload } from "./messages.ts";

/** For the defaults of the Gateway API's resources. */
const SCHEMAS = join(packageRoot(), "mesh/schemas/gateway-api.json");

/** Istio's own control plane, as what mesh/ makes of the same resources is compared with. */
export class Pilot implements AsyncDisposable {
  private process: Lines | undefined;

  constructor(private readonly path: string) {}

  /**
   * What Pilot would send to the proxies, or why it takes no such configuration: about 50 ms, one after the other.
   * @throws when the program ends over it, with what it printed; the next question starts it again.
   */
  async ask(request: Request): Promise<Answer> {
    if (this.process === undefined || this.process.hasEnded) this.process = new Lines("pilot", this.path, [SCHEMAS]);
    return JSON.parse(await this.process.ask(JSON.stringify(request))) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process?.stop();
    this.process = undefined;
  }
}

/** The Pilot that `npm run setup:integrations` has built; where there is none, the reason is printed once. Builds nothing. */
export async function openPilot(): Promise<Pilot | { skipped: string }> {
  const found = await findPilot(await thisMachine());
  const skipped = missing("Pilot", found);
  return found === undefined ? { skipped: skipped ?? "" } : new Pilot(found.path);
}
