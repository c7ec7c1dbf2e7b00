// What the filter does, on the in-process host and on Envoy: ../cases.yaml.
import { runCases } from "../../../harness/cases/index.ts";
import { canaryModule } from "./support.ts";

runCases(new URL("../cases.yaml", import.meta.url), { wasm: await canaryModule() });
