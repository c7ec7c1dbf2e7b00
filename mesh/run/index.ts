export type { ApplicationSpec } from "./application.ts";
export { openMesh } from "./open.ts";
export type { MeshOptions } from "./options.ts";
export type { HostStubSpec } from "./outside/host-stub.ts";
export type { ProgramEvent } from "./program.ts";
export type { Caller, GatewayAccess, MeshRequest, RunningMesh } from "./running-mesh.ts";
export { type Echo, echo } from "./stub.ts";
