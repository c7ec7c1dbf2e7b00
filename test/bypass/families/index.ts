import type { Case } from "../types.ts";
import { callerFamilies } from "./callers.ts";
import { framingFamilies } from "./framing.ts";
import { headerFamilies } from "./headers.ts";
import { hostFamilies } from "./hosts.ts";
import { methodFamily } from "./methods.ts";
import { normalizationFamily } from "./normalization.ts";
import { orderFamilies } from "./order.ts";
import { pathFamilies } from "./paths.ts";

/** The ways around a policy that somebody has found, by the number that they have in our table. */
export const FAMILIES: Readonly<Record<number, string>> = {
  1: "dot segments (CVE-2019-9901)",
  2: "NUL in a header (CVE-2019-9900)",
  3: "escaped slashes (CVE-2021-29492)",
  4: "slashes and backslashes (CVE-2021-31920)",
  5: "fragments (CVE-2021-32779, CVE-2021-39156)",
  6: "dot segments with parameters (CVE-2026-73551)",
  7: "path parameters (CVE-2026-73511, CVE-2026-73553)",
  8: "stars in paths and templates (CVE-2025-46821)",
  9: "Istio's normalization, each byte",
  10: "queries (CVE-2020-8595)",
  11: "hosts in capitals (CVE-2021-39155)",
  12: "hosts with port, dot or another host",
  13: "methods over HTTP/2 (GHSA-w44g-8m76-8gc5)",
  14: "repeated headers (CVE-2020-25017)",
  15: "repeated identities (CVE-2021-32777)",
  16: "obs-text against negative rules (CVE-2026-73552)",
  17: "no UTF-8 (CVE-2023-27488)",
  18: "header names in capitals (GHSA-qc2q-p7wx-3px3)",
  19: "dots in names (CVE-2026-39350)",
  20: "principals by their end (CVE-2020-16844)",
  21: "SANs (CVE-2020-15104, CVE-2026-47778, CVE-2025-66220)",
  22: "underscores in header names",
  23: "x-forwarded-for",
  24: "Envoy's own headers (CVE-2024-45806, CVE-2023-27487)",
  25: "line ends in values (CVE-2023-27493)",
  26: "smuggling (CVE-2025-64763, CVE-2026-48743, CVE-2026-73548)",
  27: "no path, no host (CVE-2026-73547)",
  28: "many and long headers (CVE-2026-47774)",
  29: "long paths (CVE-2019-14993)",
  32: "what stands beside the filter",
  33: "policies without rules",
};

/** Families of the table that are about no request of a client. */
export const NOT_HERE: Readonly<Record<number, string>> = {
  30: "a field that an older data plane does not know (CVE-2022-21679): the filter refuses what it does not know, which config.test.ts here asserts; that a compiler gives an old filter no new field is the compiler's issue",
  31: "a policy for a port that is not the listener's (ISTIO-SECURITY-2021-002): the filter compares the listener's own port, and cannot know which one was meant; the warning is the compiler's issue",
};

export function allCases(): Case[] {
  return [
    ...pathFamilies(),
    ...normalizationFamily(),
    ...hostFamilies(),
    ...methodFamily(),
    ...headerFamilies(),
    ...callerFamilies(),
    ...framingFamilies(),
    ...orderFamilies(),
  ];
}
