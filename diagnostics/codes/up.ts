import type { CodeEntry } from "../code-entry.ts";

/** MS11xx: running a mesh. */
export const up = {
  MS1101: {
    level: "error",
    title: "a program of the mesh does not serve",
    help: "start it by hand with PORT=8080 in its environment, and see what it says",
    kind: "environment",
    details:
      "A program that `up` or `openMesh` starts as a workload's application gets the port to listen on as `PORT`, on 127.0.0.1. It ended, or nobody accepted connections there within 20 seconds. What it printed is in the file that the message names.",
  },
  MS1102: {
    level: "error",
    title: "a route whose weights cannot be changed",
    help: "write the VirtualService with a route to the service's subsets",
    kind: "data",
    details:
      "`split`, `switch` and `ramp` change the weights of a route that is there: in the VirtualService of the host, the http route without a match, or the last, or the one that `--route` names. There is none, or several could be meant, or what is written there is also used elsewhere, by an alias. Nothing was written.",
  },
  MS1103: {
    level: "error",
    title: "an unknown subset",
    help: "use one of the names that the message lists, or add it to the DestinationRule",
    kind: "data",
    details:
      "A VirtualService sends requests to subsets, and what these are the DestinationRule of the host says. Requests to one that is in no DestinationRule are answered with 503.",
    example: `reviews.yaml:7:3: error MS1103: reviews.default.svc.cluster.local has no subset "v4"
    7 |   subsets:
      |   ^^^^^^^
help: there are: v1, v2, v3                                      docs/errors/MS1103.md`,
  },
  MS1104: {
    level: "error",
    title: "a file that was saved by somebody else meanwhile",
    help: "run the command again",
    kind: "data",
    details: "Between reading the file and writing it, its content has changed. What was saved stays as it is.",
  },
  MS1105: {
    level: "error",
    title: "a change that the running mesh did not take in time",
    help: "look at what `meshscript up` says",
    kind: "environment",
    details: "The file is written. The mesh that runs on it neither had it nor refused it within 30 seconds, or ended.",
  },
  MS1106: {
    level: "error",
    title: "a ramp that was taken back",
    help: "see what the subset answers before it gets traffic again",
    kind: "test",
    details:
      "The condition of `--abort-if` held at a step of a ramp: all weights are what they were before it. Requests count that sidecars and gateways sent to the subset during that step.",
  },
  MS1107: {
    level: "error",
    title: "a mistake in the answers of a stub",
    help: "write a list of answers: `- { path: /books, status: 200, body: { items: [] } }`",
    kind: "data",
    details:
      "A YAML file of `--stub HOST=FILE` is a list of answers: `method`, `path` (with `*` at its end all that begins so), `status`, `headers`, `body` (text, or anything else as JSON) and `delay`; all may be left out, and the first that fits a request counts. Any other file is the body of every answer.",
    example: `books.yaml:2:3: error MS1107: [1]: unknown field "stats"; there are: method, path, status, headers, body, delay
    2 | - stats: 500
      |   ^^^^^
help: write a list of answers: \`- { path: /books, status: 200, body: { items: [] } }\`
      docs/errors/MS1107.md`,
  },
  MS1108: {
    level: "error",
    title: "a stub for a host that is not outside",
    help: "use one of the hosts that the message lists",
    kind: "usage",
    details:
      "`--stub` and `stubs` are for hosts of ServiceEntries. Services of the mesh have workloads: these answer with a stub of their own, a program (`--app`) or a port (`--served`).",
    example: `error MS1108: no ServiceEntry has the host "www.googleapi.com"
help: hosts outside: www.googleapis.com                          docs/errors/MS1108.md`,
  },
} as const satisfies Record<string, CodeEntry>;
