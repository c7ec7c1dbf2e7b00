import type { Probe, Topic } from "../types.ts";

const gone = async ({ request, target, line }: Parameters<NonNullable<Probe["act"]>>[0]) => {
  await request();
  await line("^delete 2");
  await target.update({ filters: [] });
};

export const lifecycle: Topic = {
  topic: "lifecycle",
  probes: [
    {
      name: "create, start, configure; the VM configuration is read in start, the plugin's in configure",
      plugin: {
        vmConfig: "vm config",
        boot: {
          start: "get_buffer_bytes 6 0 100\nget_buffer_bytes 7 0 100",
          "create#0": "get_buffer_bytes 6 0 100\nget_buffer_bytes 7 0 100",
        },
      },
      script: {
        configure:
          "get_buffer_bytes 6 0 100\nget_buffer_bytes 7 0 14\nget_buffer_status 7 ~\nget_buffer_bytes 7 8 9\nget_buffer_bytes 7 100000 9",
        rh: "get_buffer_bytes 6 0 100\nget_buffer_bytes 7 0 100",
      },
    },
    {
      name: "two plugins of one VM: a root each, and start for each",
      plugins: [
        { label: "a", script: {} },
        { label: "b", script: {} },
      ],
    },
    {
      name: "two plugins with other root ids",
      plugins: [
        { label: "a", rootId: "one", script: {} },
        { label: "b", rootId: "two", script: {} },
      ],
    },
    { name: "the environment", plugin: { environment: { KEY: "value" } }, script: { rh: "environ_sizes_get\nenviron_get" } },
    { name: "no environment", script: { rh: "environ_sizes_get\nenviron_get\nargs_sizes_get\nargs_get\nargs_sizes_get !" } },
    {
      name: "fd_write: stdout and stderr are logged, without the last line end",
      script: {
        rh: 'fd_write 1 "out"\nfd_write 1 "two\\nlines\\n"\nfd_write 2 "error\\n"\nfd_write 1 ""\nfd_write 0 "in"\nfd_write 99 "x"\nfd_write 1 @4294967040:10\nfd_write 1 "x" !',
      },
    },
    {
      name: "log: levels and odd texts",
      script: {
        rh: 'log 0 "trace"\nlog 1 "debug"\nlog 2 ""\nlog 3 "warn"\nlog 4 "error"\nlog 5 "critical"\nlog 6 "six"\nlog -1 "minus"\nlog 2 @4294967040:10\nget_log_level !',
      },
    },
    { name: "random_get", script: { rh: "random_get 8 ~\nrandom_get 0 ~\nrandom_get 65536 ~\nrandom_get 65537 ~\nrandom_get -1" } },
    { name: "done answers 0 in a stream: delete follows at once", script: { done: "done\nreturn 0", delete: "done" } },
    { name: "a root that is removed: done, then delete", alone: true, script: {}, act: gone, until: ["delete 1$", 1] },
    {
      name: "a root that answers 0 in done is not deleted; a timer that it asks for there never fires",
      alone: true,
      script: {
        "done#0": "set_tick_period_milliseconds 5\nreturn 0",
        "tick.1": 'get_property "plugin_name"',
        "tick.2": "set_tick_period_milliseconds 0\ndone\ndone",
      },
      act: gone,
      until: "^done return 0",
    },
    {
      name: "an update: a new root in the living VM, done and delete of the old one",
      alone: true,
      script: {},
      act: async ({ request, target, line }) => {
        await request();
        await line("^delete 2");
        await target.update({ httpConnectionManager: { server_name: "updated" } });
        await request();
      },
    },
    { name: "proc_exit", script: { rh: "proc_exit 3" } },
    { name: "memory grows up to a limit", script: { rh: "grow 1000\ngrow 15000\ngrow 1000" } },
  ],
};
