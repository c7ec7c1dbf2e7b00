/**
 * What is to be done when a context is deleted, by parts of the SDK that most filters do not use: set at their first use, so that a module
 * without them holds neither their code nor their imports.
 */

let ofContext: ((id: u32) => void) | null = null;
let ofRoot: ((id: u32) => void) | null = null;

/** @param context is told of streams and connections that have opened gRPC streams, @param root of roots */
export function setCleanup(context: (id: u32) => void, root: (id: u32) => void): void {
  ofContext = context;
  ofRoot = root;
}

export function cleanContext(id: u32): void {
  const clean = ofContext;
  if (clean !== null) clean(id);
}

export function cleanRoot(id: u32): void {
  const clean = ofRoot;
  if (clean !== null) clean(id);
}
