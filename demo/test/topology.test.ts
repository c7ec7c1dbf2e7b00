import { describe, expect, test } from "vitest";
import { type Workload, callersOf, expectedHops, serviceOf, startWaves, workloads } from "../topology.ts";

describe("the order of the start", () => {
  test("no workload starts before those that it calls", () => {
    expect(startWaves().map((wave) => wave.map(({ name }) => name))).toEqual([
      ["details", "reviews-v1", "ratings"],
      ["reviews-v2", "reviews-v3"],
      ["productpage"],
    ]);
  });

  test("workloads that call each other are refused by name", () => {
    const ring: Workload[] = [
      { name: "a", service: "details", calls: ["ratings"] },
      { name: "b", service: "ratings", calls: ["details"] },
    ];
    expect(() => startWaves(ring)).toThrow("in a circle: a, b");
  });
});

describe("who calls a service", () => {
  test("is who has it among its calls, and the ingress for the entry", () => {
    expect(callersOf("productpage")).toEqual(["gateway"]);
    expect(callersOf("details")).toEqual(["productpage"]);
    expect(callersOf("reviews")).toEqual(["productpage"]);
    expect(callersOf("ratings")).toEqual(["reviews"]);
  });

  test("is told for a workload by its service", () => {
    expect(workloads.map(({ name }) => serviceOf(name))).toEqual(workloads.map(({ service }) => service));
    expect(() => serviceOf("reviews-v4")).toThrow("no workload reviews-v4");
  });
});

describe("the hops of a request", () => {
  test("follow from the topology and from which version answers", () => {
    expect(expectedHops({ reviews: "reviews-v3" }).map(({ hop, parent }) => `${parent ?? "client"} > ${hop}`)).toEqual([
      "client > ingress",
      "ingress > productpage inbound",
      "productpage inbound > productpage outbound details",
      "productpage outbound details > details inbound",
      "productpage inbound > productpage outbound reviews",
      "productpage outbound reviews > reviews-v3 inbound",
      "reviews-v3 inbound > reviews-v3 outbound ratings",
      "reviews-v3 outbound ratings > ratings inbound",
    ]);
  });

  test("are fewer when productpage calls fewer services, or the version calls none", () => {
    expect(expectedHops({ reviews: "reviews-v1" }, ["reviews"]).map(({ hop }) => hop)).toEqual([
      "ingress",
      "productpage inbound",
      "productpage outbound reviews",
      "reviews-v1 inbound",
    ]);
    expect(expectedHops({}, []).map(({ hop }) => hop)).toEqual(["ingress", "productpage inbound"]);
  });

  test("no two hops have the same name", () => {
    for (const { name } of workloads.filter(({ service }) => service === "reviews")) {
      const hops = expectedHops({ reviews: name }).map(({ hop }) => hop);
      expect(new Set(hops).size).toBe(hops.length);
    }
  });
});
