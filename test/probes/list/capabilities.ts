import type { Topic } from "../types.ts";

const log = ["proxy_log", "proxy_get_buffer_bytes", "environ_sizes_get", "environ_get"];

export const capabilities: Topic = {
  topic: "capabilities",
  probes: [
    {
      name: "a host function that is not listed is 10, a WASI one 76, and nothing is written",
      plugin: { capabilities: [...log, "proxy_on_request_headers"] },
      script: {
        rh: 'get_header_map_value 0 ":path"\nget_header_map_pairs 0\nadd_header_map_value 0 "x" "1"\nget_property "plugin_name"\nset_shared_data "k" "v" 0\ndefine_metric 0 "capability"\nsend_local_response 403 "x" "no" {} -1\ncontinue_stream 0\nclose_stream 0\nget_current_time_nanoseconds\nset_tick_period_milliseconds 0\nhttp_call "app" {} "" {} 1\ncall_foreign_function "compress" "a"\nclock_time_get 0\nrandom_get 8\nfd_write 1 "x"\nargs_sizes_get\ndone\nset_effective_context $root\nget_log_level\nget_status\nregister_shared_queue "q"\nset_buffer_bytes 0 0 0 "x"\nget_buffer_status 0',
      },
      ends: 1,
    },
    {
      name: "a callback that is not listed is not called",
      plugin: { capabilities: [...log, "proxy_on_request_headers", "proxy_on_log", "proxy_get_header_map_value"] },
      script: { rh: 'get_header_map_value 0 ":path"' },
    },
    {
      name: "proxy_log must be listed",
      plugin: { capabilities: ["proxy_on_request_headers", "proxy_send_local_response", "proxy_get_buffer_bytes"] },
      script: { rh: 'send_local_response 200 "silent" "it runs" {} -1' },
      ends: 0,
    },
  ],
};
