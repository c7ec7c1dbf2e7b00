import type { Topic } from "../types.ts";

export const queues: Topic = {
  topic: "queues",
  probes: [
    {
      name: "registering twice gives the same id, another name another",
      script: { rh: 'register_shared_queue "q"\nregister_shared_queue "q"\nregister_shared_queue "r"\nregister_shared_queue ""' },
    },
    {
      name: "resolve needs vm_id and name",
      script: {
        configure: 'register_shared_queue "q" ~',
        rh: 'register_shared_queue "q"\nresolve_shared_queue "queues/resolve-needs-vm_id-and-name" "q"\nresolve_shared_queue "queues/resolve-needs-vm-id-and-name" "q"\nresolve_shared_queue "queues/resolve-needs-vm-id-and-name" "r"\nresolve_shared_queue "" "q"',
      },
    },
    {
      name: "an empty queue is 7, an unknown one 1",
      script: {
        rh: 'register_shared_queue "q" > q\ndequeue_shared_queue $q\ndequeue_shared_queue 999999\nenqueue_shared_queue 999999 "x"',
      },
    },
    {
      name: "first in, first out",
      script: {
        rh: 'register_shared_queue "q" > q\nenqueue_shared_queue $q "1"\nenqueue_shared_queue $q "2"\nenqueue_shared_queue $q ""\ndequeue_shared_queue $q\ndequeue_shared_queue $q\ndequeue_shared_queue $q\ndequeue_shared_queue $q',
      },
      until: ["^queue", 3],
    },
    {
      name: "one call of queue_ready for each item, after the callback, also when the queue is empty by then",
      script: {
        rh: 'register_shared_queue "q" > q\nenqueue_shared_queue $q "1"\nenqueue_shared_queue $q "2"',
        queue: "dequeue_shared_queue $q",
        "queue.1": "dequeue_shared_queue $q\ndequeue_shared_queue $q",
      },
      until: ["^queue \\d+ queue", 2],
    },
    {
      name: "only who registered last is told",
      plugins: [
        { label: "a", script: { rh: 'register_shared_queue "q" > q' } },
        {
          label: "b",
          vmConfig: "b",
          script: { rh: 'register_shared_queue "q" > q', sh: 'enqueue_shared_queue $q "1"', queue: "dequeue_shared_queue $q" },
        },
      ],
      until: "^\\[\\w\\] queue",
    },
    {
      name: "a second registration of the same VM by another root",
      plugins: [
        { label: "a", script: { rh: 'register_shared_queue "q" > q' } },
        {
          label: "b",
          script: { rh: 'register_shared_queue "q" > q', sh: 'enqueue_shared_queue $q "1"', queue: "dequeue_shared_queue $q" },
        },
      ],
      until: "^\\[\\w\\] queue",
    },
    {
      name: "the queue of another vm_id is found by its name",
      plugins: [
        { label: "a", vm: "x", script: { rh: 'register_shared_queue "q" > q', queue: "dequeue_shared_queue $q" } },
        {
          label: "b",
          vm: "y",
          script: {
            rh: 'resolve_shared_queue "queues/the-queue-of-another-vm-id-is-found-by-its-name.x" "q" > q\nenqueue_shared_queue $q "from b"',
          },
        },
      ],
      until: "^\\[a\\] queue",
    },
    {
      name: "items of 100 kB and of any bytes",
      script: {
        rh: 'register_shared_queue "q" > q\nenqueue_shared_queue $q "ab" * 50000\nenqueue_shared_queue $q "\\0\\xff"\ndequeue_shared_queue $q\ndequeue_shared_queue $q',
      },
      until: ["^queue", 2],
    },
    {
      name: "a reply from queue_ready",
      script: {
        rh: 'let stream = $ctx\nregister_shared_queue "q" > q\nenqueue_shared_queue $q "1"\nreturn 1',
        queue: 'set_effective_context $stream\nget_header_map_value 0 ":path"\nsend_local_response 418 "teapot" "short" {} -1',
      },
    },
    {
      name: "queue pointers outside the memory",
      script: {
        rh: 'register_shared_queue @4294967040:10\nregister_shared_queue "q" !\nregister_shared_queue "q" > q\nresolve_shared_queue @4294967040:10 "q"\nresolve_shared_queue "" @4294967040:10\nenqueue_shared_queue $q @4294967040:10\nenqueue_shared_queue $q "x"\ndequeue_shared_queue $q !\ndequeue_shared_queue $q',
      },
      until: "^queue",
    },
  ],
};
