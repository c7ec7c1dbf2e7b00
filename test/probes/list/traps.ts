import type { Probe, Topic } from "../types.ts";

const chunked = { method: "POST", body: "0123456789", headers: { "transfer-encoding": "chunked" }, timeout: 1_000 };
const policies = ["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"] as const;
const allocators = ["zero", "outside", "static", "log", "clock", "header", "trap"];
const sections = ["create#1", "rh", "rb.1", "sh", "sb.1", "log", "done", "delete"];

export const traps: Topic = {
  topic: "traps",
  probes: [
    ...policies.flatMap((failurePolicy) => [
      ...sections.map(
        (section): Probe => ({
          name: `${failurePolicy}: a trap in ${section}, and the next request`,
          plugin: { failurePolicy },
          script: { [section]: "trap" },
          request: [chunked, chunked],
          ends: 0,
        }),
      ),
      ...(failurePolicy === "FAIL_RELOAD"
        ? []
        : [
            {
              name: `${failurePolicy}: a trap in a tick`,
              plugin: { failurePolicy },
              script: { configure: "set_tick_period_milliseconds 1", tick: "trap" },
              act: async ({ line, request }) => {
                await line("^tick trap");
                await request();
              },
              ends: 0,
            } satisfies Probe,
          ]),
    ]),
    {
      name: "a trap in a callout's answer",
      script: { rh: 'http_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "" {} 1000', callout: "trap" },
      respond:
        ({ line }) =>
        (r) =>
          r.path === "/side" ? { delay: line("^delete") } : {},
      act: async ({ request, line }) => {
        await request();
        await line("^callout trap");
        await request();
      },
      ends: 1,
    },
    {
      name: "another plugin of the VM fails too, one of another VM does not",
      plugins: [
        { label: "a", vm: "x", failurePolicy: "FAIL_OPEN", script: { "rh#1": "trap" } },
        { label: "b", vm: "x", failurePolicy: "FAIL_OPEN", script: {} },
        { label: "c", vm: "y", script: {} },
      ],
      request: [{}, {}],
      ends: 1,
    },
    {
      name: "a stream that waits for the upstream when another traps gets 503",
      respond: ({ line }) => ({ delay: line("^rh trap") }),
      script: { "rh#2": "trap" },
      act: async ({ request, target }) => {
        const first = request();
        await target.upstream("app").received();
        await request();
        await first;
      },
      ends: 0,
    },
    ...allocators.map(
      (mode): Probe => ({
        name: `an allocator that does this: ${mode}`,
        script: {
          rh: `alloc ${mode}\nget_header_map_value 0 ":path"\nget_header_map_pairs 0\nget_property "plugin_name"\nalloc normal\nget_header_map_value 0 ":path"`,
        },
        request: [{}, {}],
        ends: mode === "clock" || mode === "header" || mode === "trap" ? 0 : 2,
      }),
    ),
  ],
};
