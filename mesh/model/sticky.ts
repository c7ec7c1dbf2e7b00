import type { Resource } from "../resources/resource.ts";

/** An annotation of a VirtualService: its splits stick to users. */
export const STICKY = "meshscript.io/sticky";

/** Where the canary filter writes a user's number, and routes read it. */
export const STICKY_HEADER = "x-meshscript-canary";

/** What the canary filter needs to know of a VirtualService. */
export interface Sticky {
  /** `namespace/name`, which its routes' metadata say. */
  readonly name: string;
  readonly seed: string;
  readonly unit: { readonly header: string } | { readonly cookie: string };
}

const TOKEN = /^(header|cookie):([!#$%&'*+\-.^_`|~0-9A-Za-z]+)$/;

/** `header:x-user` or `cookie:session`; undefined for what is neither. */
export function unitOf(text: string): Sticky["unit"] | undefined {
  const [, kind, name] = TOKEN.exec(text) ?? [];
  if (name === undefined) return undefined;
  return kind === "header" ? { header: name } : { cookie: name };
}

/** @param source what the routes are of; undefined for one that splits by chance, and for a route of the Gateway API: those of a host are merged */
export function stickyOf({ kind, namespace, name, annotations }: Resource<unknown>): Sticky | undefined {
  if (kind !== "VirtualService") return undefined;
  const unit = unitOf(annotations[STICKY] ?? "");
  // Each its own experiment: who is in one canary is not for that in all.
  return unit && { name: `${namespace}/${name}`, seed: `${namespace}/${name}`, unit };
}
