import { type ChosenRoute, described, placeOf } from "../../mesh/edit/route.ts";
import { columns } from "../text.ts";

/** What a destination got, and gets. */
export interface Row {
  name: string;
  was: number;
  is: number;
}

/** `istio/reviews.yaml:24: VirtualService default/reviews, http[1]: the route without a match` */
export const routeLine = (route: ChosenRoute): string => `${placeOf(route)}: ${described(route)}: ${route.why}`;

/** The same for `--json`. */
export function routeJson(route: ChosenRoute): Record<string, unknown> {
  return { place: placeOf(route), name: described(route), why: route.why, others: route.others };
}

export function weightTable(rows: readonly Row[]): string {
  return columns([["SUBSET", "WAS", "IS"], ...rows.map(({ name, was, is }) => [name, String(was), String(is)])]);
}
