import type { Topic } from "../types.ts";

export const sharedData: Topic = {
  topic: "shared-data",
  probes: [
    { name: "an absent key is 1, and nothing is written", script: { rh: 'get_shared_data "none"' } },
    {
      name: "cas 0 creates and overwrites",
      script: { rh: 'set_shared_data "k" "1" 0\nget_shared_data "k"\nset_shared_data "k" "2" 0\nget_shared_data "k"' },
    },
    {
      name: "a cas other than 0 creates an absent key",
      script: { rh: 'set_shared_data "k" "1" 7\nget_shared_data "k"\nset_shared_data "l" "1" 4294967295\nget_shared_data "l"' },
    },
    {
      name: "a wrong cas is 8, leaves the value and uses up no number",
      script: {
        rh: 'set_shared_data "k" "1" 0\nget_shared_data "k" \nset_shared_data "k" "2" 4294967295\nget_shared_data "k"\nset_shared_data "other" "x" 0\nget_shared_data "other"',
      },
    },
    {
      name: "numbers count over all keys, and removal does not exist",
      script: {
        rh: 'set_shared_data "a" "1" 0\nset_shared_data "b" "1" 0\nget_shared_data "a"\nget_shared_data "b"\nset_shared_data "a" "2" 0\nget_shared_data "a"\nget_shared_data "b"',
      },
    },
    {
      name: "an empty value is stored, an empty key is allowed",
      script: {
        rh: 'set_shared_data "k" "" 0\nget_shared_data "k"\nset_shared_data "" "empty" 0\nget_shared_data ""\nset_shared_data "" "" 0\nget_shared_data ""',
      },
    },
    {
      name: "keys and values may hold any bytes",
      script: { rh: 'set_shared_data "a\\0b" "\\0\\xff\\r\\n" 0\nget_shared_data "a\\0b"\nget_shared_data "a"' },
    },
    {
      name: "a value of 1 MB",
      script: {
        rh: 'set_shared_data "k" "ab" * 500000 0\nget_shared_data "k"\nset_shared_data "k" * 10000 "v" 0\nget_shared_data "k" * 10000',
      },
    },
    {
      name: "a cas of another write is refused in another callback too",
      script: {
        rh: 'set_shared_data "k" "1" 0\nget_shared_data "k"',
        sh: 'get_shared_data "k"\nset_shared_data "k" "2" 4000000000\nget_shared_data "k"',
      },
    },
    {
      name: "plugins with one vm_id share, with another they do not",
      plugins: [
        { label: "a", script: { rh: 'set_shared_data "k" "from a" 0' } },
        { label: "b", script: { rh: 'get_shared_data "k"' } },
        { label: "c", vm: "other", script: { rh: 'get_shared_data "k"' } },
      ],
    },
    {
      name: "another VM configuration under the same vm_id: another VM, the same data",
      plugins: [
        { label: "a", script: { rh: 'set_shared_data "k" "from a" 0' } },
        { label: "b", vmConfig: "other", script: { rh: 'get_shared_data "k"\nget_buffer_bytes 6 0 100' } },
      ],
    },
    {
      name: "what a stream stored is there for the next, and after its end",
      script: { "rh#1": 'set_shared_data "k" "v" 0', "delete#1": 'set_shared_data "k" "late" 0', "rh#2": 'get_shared_data "k"' },
      request: [{}, {}],
    },
    {
      name: "create-if-absent in configure: every VM but the first is refused",
      script: { configure: 'set_shared_data "seed" "1" 4294967295\nget_shared_data "seed" ~' },
    },
    {
      name: "pointers outside the memory",
      script: {
        rh: 'get_shared_data @4294967040:10\nset_shared_data @4294967040:10 "v" 0\nset_shared_data "k" @4294967040:10 0\nset_shared_data "k" "v" 0\nget_shared_data "k" !',
      },
    },
    {
      name: "data and cas survive an update",
      alone: true,
      script: { rh: 'set_shared_data "k" "v" 0\nget_shared_data "k"', "rh#2": "" },
      act: async ({ request, target, line }) => {
        await request();
        await line("^delete");
        await target.update({ httpConnectionManager: { server_name: "updated" } });
        await request();
      },
    },
  ],
};
