// What the filter counts, on the in-process host and on Envoy: ../cases.yaml.
import { runCases } from "../../../harness/cases/index.ts";
import { metricsModule } from "./support.ts";

runCases(new URL("../cases.yaml", import.meta.url), { wasm: await metricsModule() });
