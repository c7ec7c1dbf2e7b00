export { documentsIn } from "./resources/documents.ts";
export { type Kind, groupAndVersion, knownKinds, validatorOf } from "./resources/kinds.ts";
