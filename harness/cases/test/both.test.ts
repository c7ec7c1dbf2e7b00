// What a case can say, on both hosts: cases.yaml.

import { tracingModule } from "../../../filters/tracing/test/support.ts";
import { fixtureModule } from "../../../sdk/test/support.ts";
import { runCases } from "../index.ts";

const tracing = await tracingModule();

runCases(new URL("./cases.yaml", import.meta.url), { wasm: { fixture: await fixtureModule(), tracing, strip: tracing } });
