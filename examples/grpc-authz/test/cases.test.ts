// ../cases.yaml, on the in-process host and on Envoy.
import { runCases } from "meshscript/harness/cases";

runCases(new URL("../cases.yaml", import.meta.url));
