export type * from "./common.ts";
export type * from "./destination-rule.ts";
export type * from "./extensions.ts";
export type * from "./gateway-api.ts";
export type * from "./network.ts";
export type * from "./security.ts";
export type * from "./virtual-service.ts";
