import type { TcpConnection } from "../../../harness/index.ts";
import type { Script } from "../script.ts";
import type { PluginSpec, Probe, Running, Topic } from "../types.ts";

/** The client first. */
async function bothEnd(client: TcpConnection, upstream: TcpConnection) {
  client.end();
  await upstream.closed();
  upstream.end();
  await client.closed();
}

/** Both sides say something, wait until it has come, and end; the client first. */
const talk = async ({ connect, accepted, line }: Running) => {
  const client = connect();
  client.write("ping");
  await line("^(\\[\\w+\\] )?down \\d+ n=4");
  const upstream = await accepted();
  await upstream.receive("ping");
  upstream.write("pong!");
  await client.receive("pong!");
  await bothEnd(client, upstream);
};

type Act = (running: Running) => Promise<unknown>;

const probe = (name: string, script: Script, act: Act = talk, over: Partial<Probe> = {}): Probe => ({
  name,
  tcp: {},
  script,
  act,
  ...over,
});
const chain = (name: string, plugins: readonly PluginSpec[], act: Act = talk): Probe => ({ name, tcp: {}, plugins, act });

const properties = [
  "source\\0address",
  "source\\0port",
  "destination\\0address",
  "connection\\0id",
  "connection\\0mtls",
  "connection\\0requested_server_name",
  "connection\\0termination_details",
  "upstream\\0address",
  "request\\0path",
  "request\\0protocol",
  "request\\0time",
  "request\\0duration",
  "request\\0size",
  "request\\0total_size",
  "response\\0size",
  "response\\0total_size",
  "response\\0code",
  "response\\0flags",
  "cluster_name",
  "listener_direction",
  "plugin_name",
  "xds\\0cluster_name",
  "xds\\0listener_direction",
  "node",
]
  .slice(0, -1)
  .map((name) => `get_property "${name}"${/port|connection\\0id|time|duration|address/.test(name) ? " ~" : ""}`)
  .join("\n");

const reads = [0, 1, 2, 3].map((type) => `get_buffer_bytes ${type} 0 100\nget_buffer_status ${type}`).join("\n");
const every = `${reads}\n${properties}\nget_header_map_pairs 0\nget_header_map_value 0 "x"\nset_property "own" "v"\nget_property "own"\nget_status`;
const sections = ["conn", "down", "up", "downclose", "upclose", "done", "log", "delete"];

export const tcp: Topic = {
  topic: "tcp",
  probes: [
    probe("bytes go both ways, the client ends first", {}),
    probe("the upstream ends first", {}, async ({ connect, accepted, line }) => {
      const client = connect();
      client.write("ping");
      const upstream = await accepted();
      await upstream.receive("ping");
      upstream.write("bye");
      await client.receive("bye");
      upstream.end();
      await client.closed();
      await line("^upclose");
      client.end();
      await upstream.closed();
    }),
    probe("the client resets", {}, async ({ connect, accepted, line }) => {
      const client = connect();
      client.write("ping");
      const upstream = await accepted();
      await upstream.receive("ping");
      client.reset();
      await line("^downclose");
      await upstream.closed();
    }),
    probe("the upstream resets", {}, async ({ connect, accepted }) => {
      const client = connect();
      client.write("ping");
      const upstream = await accepted();
      await upstream.receive("ping");
      upstream.reset();
      await client.closed();
    }),
    probe(
      "nobody listens behind it",
      {},
      async ({ connect }) => {
        const client = connect();
        await client.closed();
      },
      { tcp: { cluster: "refused" } },
    ),
    probe(
      "an unknown cluster",
      {},
      async ({ connect }) => {
        const client = connect();
        await client.closed();
      },
      { tcp: { cluster: "nowhere" } },
    ),
    probe("the upstream speaks first", {}, async ({ connect, accepted }) => {
      const client = connect();
      const upstream = await accepted();
      upstream.write("hello");
      await client.receive("hello");
      await bothEnd(client, upstream);
    }),
    probe("a client that says nothing and ends", {}, async ({ connect, accepted }) => {
      const client = connect();
      const upstream = await accepted();
      await bothEnd(client, upstream);
    }),
    ...sections.map((section) => probe(`what is within reach in ${section}`, { [section]: every })),
    probe(
      "what is within reach in a timer",
      {
        conn: "let stream = $ctx\nset_tick_period_milliseconds 5",
        tick: `set_tick_period_milliseconds 0\nset_effective_context $stream\n${every}`,
      },
      async (running) => {
        const client = running.connect();
        const upstream = await running.accepted();
        await running.line("^tick get_status");
        await bothEnd(client, upstream);
      },
    ),
    // Editing.
    probe(
      "data is replaced, put in front and behind",
      {
        down: 'set_buffer_bytes 2 0 4 "PONG"\nget_buffer_bytes 2 0 100\nset_buffer_bytes 2 0 0 "<"\nset_buffer_bytes 2 100 0 ">"\nget_buffer_bytes 2 0 100',
        up: 'set_buffer_bytes 3 0 5 "other"\nget_buffer_bytes 3 0 100\nset_buffer_bytes 3 2 1 "x"',
      },
      async ({ connect, accepted, line }) => {
        const client = connect();
        client.write("ping");
        const upstream = await accepted();
        await upstream.receive("<PONG>");
        upstream.write("pong!");
        await client.receive("other");
        client.end();
        await line("^down \\d+ n=0 eos=1");
        await upstream.closed();
        upstream.end();
        await client.closed();
      },
    ),
    // Holding.
    probe("conn answers 1: nothing is read until continue_stream", {
      conn: "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1",
      tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 2",
    }),
    probe(
      "down answers 1: the bytes gather until it answers 0",
      { "down.1": "return 1", down: "get_buffer_bytes 2 0 100" },
      async ({ connect, accepted, line }) => {
        const client = connect();
        client.write("pi");
        await line("^down return 1");
        client.write("ng");
        const upstream = await accepted();
        await upstream.receive("ping");
        await bothEnd(client, upstream);
      },
    ),
    probe("down answers 1, and a timer continues", {
      "down.1": "let stream = $ctx\nset_tick_period_milliseconds 5\nreturn 1",
      tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\nget_buffer_bytes 2 0 100\ncontinue_stream 2",
    }),
    probe(
      "up answers 1: the bytes gather until it answers 0",
      { "up.1": "return 1", up: "get_buffer_bytes 3 0 100" },
      async ({ connect, accepted, line }) => {
        const client = connect();
        const upstream = await accepted();
        upstream.write("po");
        await line("^up return 1");
        upstream.write("ng");
        await client.receive("ng");
        await bothEnd(client, upstream);
      },
    ),
    probe(
      "up answers 1, and a timer continues",
      {
        conn: "let stream = $ctx",
        "up.1": "set_tick_period_milliseconds 5\nreturn 1",
        tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\nget_buffer_bytes 3 0 100\ncontinue_stream 3",
      },
      async ({ connect, accepted, line }) => {
        const client = connect();
        const upstream = await accepted();
        upstream.write("pong");
        await line("^tick continue");
        upstream.write("more");
        await client.receive("more");
        await bothEnd(client, upstream);
      },
    ),
    ...["down", "up"].flatMap((section) =>
      [2, 3, 9, -1].map((answer) =>
        probe(`${section} answers ${answer}, which is no action`, { [`${section}.1`]: `return ${answer}` }, talkUntil(section)),
      ),
    ),
    // Ending.
    ...["conn", "down.1", "up.1"].flatMap((section) =>
      [2, 3, 0, 1].map((type) => probe(`${section} closes ${type}`, { [section]: `close_stream ${type}` }, untilOver)),
    ),
    probe("down closes, and holds the bytes", { "down.1": "close_stream 2\nreturn 1" }, untilOver),
    probe(
      "a timer closes",
      {
        "down.1": "let stream = $ctx\nset_tick_period_milliseconds 5\nreturn 1",
        tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\nclose_stream 2",
      },
      untilOver,
    ),
    probe(
      "a timer closes the upstream",
      {
        "down.1": "let stream = $ctx\nset_tick_period_milliseconds 5\nreturn 1",
        tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\nclose_stream 3",
      },
      untilOver,
    ),
    ...["downclose", "upclose", "done", "log", "delete"].map((section) =>
      probe(`${section} closes`, { [section]: "close_stream 2\nclose_stream 3" }, talk),
    ),
    ...["conn", "down.1", "up.1"].map((section) =>
      probe(
        `${section} continues what flows`,
        { [section]: "continue_stream 2\ncontinue_stream 3\ncontinue_stream 0\ncontinue_stream 1" },
        talk,
      ),
    ),
    probe("down sends a local reply", { "down.1": 'send_local_response 403 "no" "no" {} -1' }, talk),
    // Several.
    chain("two filters: who sees what first", [
      { label: "a", script: { down: "get_buffer_bytes 2 0 100", up: "get_buffer_bytes 3 0 100" } },
      { label: "b", script: { down: "get_buffer_bytes 2 0 100", up: "get_buffer_bytes 3 0 100" } },
    ]),
    chain(
      "each of two edits one direction, and the other sees it",
      [
        { label: "a", script: { "down.1": 'set_buffer_bytes 2 0 4 "PING"', up: "get_buffer_bytes 3 0 100" } },
        { label: "b", script: { down: "get_buffer_bytes 2 0 100", "up.1": 'set_buffer_bytes 3 0 5 "PONG!"' } },
      ],
      async ({ connect, accepted }) => {
        const client = connect();
        client.write("ping");
        const upstream = await accepted();
        await upstream.receive("PING");
        upstream.write("pong!");
        await client.receive("PONG!");
        await bothEnd(client, upstream);
      },
    ),
    chain("the first of two holds: the second is not called", [
      {
        label: "a",
        script: {
          conn: "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1",
          tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 2",
        },
      },
      { label: "b", script: {} },
    ]),
    // Beside it.
    probe("a callout while the bytes wait", {
      "down.1": 'let stream = $ctx\nhttp_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "a"} "" {} 1000\nreturn 1',
      callout: "set_effective_context $stream\nget_buffer_bytes 2 0 100\ncontinue_stream 2",
    }),
    probe(
      "a callout whose connection is gone",
      {
        "down.1": 'let stream = $ctx\nhttp_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "a"} "" {} 1000\nreturn 1',
        callout: "set_effective_context $stream\ncontinue_stream 2",
      },
      async ({ connect, target, line }) => {
        const client = connect();
        client.write("ping");
        await target.upstream("app").received();
        client.reset();
        await line("^delete");
      },
      { respond: ({ line }) => ({ delay: line("^delete") }), until: "^callout" },
    ),
    ...(["FAIL_CLOSED", "FAIL_OPEN"] as const).flatMap((failurePolicy) => ({
      ...probe(
        `${failurePolicy}: a connection that is open when another traps`,
        { "down#2": "trap" },
        async ({ connect, accepted, target }: Running) => {
          const one = connect();
          const upstream = await accepted();
          one.write("ping");
          await upstream.receive("ping");
          const other = connect();
          await accepted();
          other.write("ping");
          await other.closed();
          one.write("more");
          await target.until(() => one.ended !== undefined || upstream.received.length > 4);
          one.end();
          await upstream.closed();
          upstream.end();
          await one.closed();
        },
      ),
      plugin: { failurePolicy },
      ends: 0,
    })),
    ...(["FAIL_CLOSED", "FAIL_OPEN"] as const).flatMap((failurePolicy) =>
      ["conn", "down.1", "up.1", "downclose", "log"].map((section) => ({
        ...probe(`${failurePolicy}: a trap in ${section}, and the next connection`, { [section]: "trap" }, twice),
        plugin: { failurePolicy },
        ends: 0,
      })),
    ),
  ],
};

function talkUntil(section: string) {
  return async ({ connect, accepted, line }: Running) => {
    const client = connect();
    client.write("ping");
    const upstream = await accepted();
    if (section === "down") await line("^down return");
    else {
      await upstream.receive("ping");
      upstream.write("pong!");
      await line("^up return");
    }
    client.end();
    if (section === "down") await line("^down \\d+ n=\\d+ eos=1");
    upstream.end();
    await upstream.closed();
    await client.closed();
  };
}

/** Whatever comes of it: until the client's connection is over. */
async function untilOver({ connect, target }: Running) {
  const { connections } = target.upstream("tcp");
  const client = connect();
  // Bytes that come to a socket that is being closed make an end or a reset of it.
  await target.until(() => client.ended !== undefined || connections.length > 0);
  if (client.ended === undefined) client.write("ping");
  await target.until(() => client.ended !== undefined || connections.some(({ received }) => received.length === 4));
  if (client.ended === undefined) connections[0]?.write("pong!");
  await target.until(() => client.ended !== undefined || client.received.length > 0);
  client.end();
  await target.until(() => connections.every(({ ended }) => ended !== undefined));
  for (const upstream of connections) upstream.end();
  await client.closed();
}

async function twice({ connect, target }: Running) {
  const { connections } = target.upstream("tcp");
  for (let i = 0; i < 2; i++) {
    const n = connections.length;
    const client = connect();
    const served = () => client.ended !== undefined || (connections[n]?.received.length ?? 0) > 0;
    await target.until(() => client.ended !== undefined || connections.length > n);
    if (client.ended === undefined) client.write("ping");
    await target.until(served);
    const upstream = connections[n];
    if (client.ended === undefined) upstream?.write("pong!");
    await target.until(() => client.ended !== undefined || client.received.length > 0);
    client.end();
    await upstream?.closed();
    upstream?.end();
    await client.closed();
  }
}
