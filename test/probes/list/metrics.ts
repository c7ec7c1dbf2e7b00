import type { Topic } from "../types.ts";

const probe = (name: string, rh: string) => ({ name, script: { rh } });

export const metrics: Topic = {
  topic: "metrics",
  probes: [
    probe(
      "ids carry the type and count by it",
      'define_metric 0 "ids.a"\ndefine_metric 0 "ids.b"\ndefine_metric 1 "ids.c"\ndefine_metric 1 "ids.d"\ndefine_metric 2 "ids.e"\ndefine_metric 2 "ids.f"\ndefine_metric 0 "ids.g"',
    ),
    probe("other types are refused", 'define_metric 3 "types.a"\ndefine_metric 4 "types.a"\ndefine_metric -1 "types.a"'),
    probe(
      "a counter counts up only; record adds",
      'define_metric 0 "counter.a" > m\nget_metric $m\nincrement_metric $m 5\nget_metric $m\nincrement_metric $m 0\nincrement_metric $m -1\nget_metric $m\nrecord_metric $m 100\nget_metric $m\nrecord_metric $m 0\nget_metric $m\nincrement_metric $m 9223372036854775807\nget_metric $m\nrecord_metric $m 18446744073709551615\nget_metric $m',
    ),
    probe(
      "a gauge goes up and down and below zero",
      'define_metric 1 "gauge.a" > m\nget_metric $m\nincrement_metric $m 5\nincrement_metric $m -7\nget_metric $m\nrecord_metric $m 3\nget_metric $m\nrecord_metric $m -5\nget_metric $m\nincrement_metric $m 0\nget_metric $m',
    ),
    probe(
      "a histogram is only recorded",
      'define_metric 2 "histogram.a" > m\nrecord_metric $m 5\nrecord_metric $m -1\nrecord_metric $m 0\nincrement_metric $m 1\nget_metric $m',
    ),
    probe(
      "ids that nobody has",
      "increment_metric 0 1\nincrement_metric 4 1\nincrement_metric 5 1\nincrement_metric 6 1\nincrement_metric 7 1\nget_metric 0\nget_metric 1\nget_metric 2\nget_metric 3\nrecord_metric 0 1\nrecord_metric 1 1\nrecord_metric 2 1\nrecord_metric 3 1",
    ),
    probe(
      "defined twice: two ids, one stat",
      'define_metric 0 "twice.a" > m\ndefine_metric 0 "twice.a" > n\nincrement_metric $m 2\nincrement_metric $n 3\nget_metric $m\nget_metric $n',
    ),
    probe(
      "one name for a counter and a gauge: two stats",
      'define_metric 0 "both.a" > m\ndefine_metric 1 "both.a" > n\nincrement_metric $m 2\nincrement_metric $n 3\nget_metric $m\nget_metric $n',
    ),
    probe(
      "odd names",
      'define_metric 0 ""\ndefine_metric 0 "odd name\\0with\\xffbytes"\ndefine_metric 0 "n" * 5000\ndefine_metric 0 @4294967040:10\ndefine_metric 0 "odd.out" !',
    ),
    {
      name: "VMs and plugins share a stat of one name, ids are per VM",
      plugins: [
        { label: "a", script: { configure: 'define_metric 0 "pad.a"', rh: 'define_metric 0 "vms.a" > m\nincrement_metric $m 2' } },
        { label: "b", vm: "b", script: { rh: 'define_metric 0 "vms.a" > m\nget_metric $m' } },
        { label: "c", script: { rh: "get_metric $m\nget_metric 4" } },
      ],
    },
    {
      name: "a metric of configure is there in the stream, and after it",
      script: {
        configure: 'define_metric 1 "life.a" > m',
        rh: "record_metric $m 4",
        log: "get_metric $m\nincrement_metric $m 1",
        done: "get_metric $m",
        delete: "increment_metric $m 1\nget_metric $m",
      },
    },
    probe("a get with the out pointer outside", 'define_metric 1 "outside.a" > m\nget_metric $m !'),
  ],
};
