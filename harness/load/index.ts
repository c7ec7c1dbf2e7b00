export { type ClosedLoopOptions, closedLoop } from "./closed-loop.ts";
