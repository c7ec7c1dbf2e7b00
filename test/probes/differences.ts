/** Where the in-process host does not do what Envoy does, on purpose: which probe, why, and what it does instead. */
export interface Difference {
  probe: RegExp;
  why: string;
  /** What the host answers, or the error that it fails the test with. */
  host: RegExp;
}

const misuse = /MS0701/;

export const differences: readonly Difference[] = [
  {
    probe:
      /^(streams > continue of a re(quest|sponse) that flows: (rh|sh)|phase-(create|rh|rt|sh|sb) > \w+: continue_stream of the re(quest|sponse))$/,
    why: "Envoy sends the message twice, or answers with two header blocks: the host fails the test",
    host: misuse,
  },
  {
    probe: /^endings > /,
    why: "two ends of one stream: Envoy uses what it has freed, which goes well in some orders and crashes in others; the host fails the test in all, unless the second is only ignored",
    host: /MS0701|client is cut off|the second is ignored/,
  },
  {
    probe: /CEL/,
    why: "the host evaluates no CEL; a test answers it with `foreignFunctions`",
    host: /MS0703.*expr_create/,
  },
  {
    probe: /native filter|^properties > (dynamic metadata, by fields|filter state of a native filter)$/,
    why: "the host has no filters of Envoy's own; `metadata` and `filterState` of a request stand for what they would have set",
    host: /MS0703.*a filter of Envoy's own/,
  },
  {
    probe: /^properties > the whole node$/,
    why: "the node as a whole is 61 kB in Envoy, with every extension that was built in: the host's has id, cluster and metadata",
    host: /get_property "xds\\0node" = 0 ~\d\d bytes/,
  },
  {
    probe: /^lifecycle > memory grows up to a limit$/,
    why: "Envoy's V8 lets a memory grow to 1 GiB, Node's to 4 GiB",
    host: /rh grow = 0/,
  },
];
