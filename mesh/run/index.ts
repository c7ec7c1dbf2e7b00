export type { ApplicationSpec } from "./application.ts";
export { type Decided, Explanation, type Hop, type Verdict } from "./explain/index.ts";
export { openMesh } from "./open.ts";
export type { MeshOptions } from "./options.ts";
export type { HostStubSpec } from "./outside/host-stub.ts";
export type { ProgramEvent } from "./program.ts";
export type { Caller, GatewayAccess, GatewayRequest, MeshRequest, RunningMesh } from "./running-mesh.ts";
export { type Echo, echo } from "./stub.ts";
