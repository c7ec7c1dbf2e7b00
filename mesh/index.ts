export { type CompileOptions, type CompiledMesh, type ProxyConfig, compile } from "./compile.ts";
export { unsupported } from "./coverage/check.ts";
export { conflicts } from "./coverage/conflicts/index.ts";
export { type Kind, groupAndVersion, knownKinds, validatorOf } from "./resources/kinds.ts";
export { type Resource, resourcesOf } from "./resources/resource.ts";
export { hasSchema, structureMistakes } from "./resources/structure.ts";
