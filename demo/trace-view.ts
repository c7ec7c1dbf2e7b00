import { type Paint, plain } from "./paint.ts";
import { type TraceNode, type TraceTree, walk } from "./trace-tree.ts";

const WIDTHS = { hop: 46, span: 16, parent: 16, status: 6, time: 9 };

interface Row {
  label: string;
  span: string;
  parent: string;
  status: string;
  time: string;
  /** A service and not a proxy. */
  service: boolean;
}

/** A trace as lines of 97 columns at most: the tree at the left, the ids that make it at the right. */
export function viewTrace(tree: TraceTree, paint: Paint = plain): string[] {
  const first = tree.roots[0];
  if (first === undefined) return [paint("red", "no spans")];
  const all = tree.roots.flatMap((root) => [...walk(root)]);
  const services = all.filter(({ node }) => node.span.receivedBy !== undefined).length;
  const { traceId, sampled } = first.span;
  return [
    `trace ${paint("bold", traceId)}  ${sampled ? "sampled" : "not sampled"}, ${count(all.length, "span")}, ${count(services, "service")}`,
    paint("dim", line({ label: "hop", span: "span", parent: "parent", status: "status", time: "ms", service: false })),
    ...tree.roots.flatMap((root) => rowsOf(root, "", "")).map((row) => coloured(row, paint)),
    ...tree.problems.map((problem) => paint("red", `! ${problem}`)),
  ];
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A proxy's span, then the service that received it, then what that one called. */
function rowsOf({ span, children }: TraceNode, branch: string, below: string): Row[] {
  const own: Row = {
    label: branch + span.name,
    span: span.spanId,
    parent: span.parentId ?? "-",
    status: String(span.status),
    time: (span.microseconds / 1000).toFixed(2),
    service: false,
  };
  if (span.receivedBy === undefined) return [own, ...branches(children, below)];
  // A service makes no span: it got the proxy's, and passes it on to what it calls.
  const service: Row = {
    label: `${below}└─ ${span.receivedBy} service`,
    span: "",
    parent: span.spanId,
    status: "",
    time: "",
    service: true,
  };
  return [own, service, ...branches(children, `${below}   `)];
}

function branches(children: readonly TraceNode[], below: string): Row[] {
  return children.flatMap((child, i) => {
    const last = i === children.length - 1;
    return rowsOf(child, `${below}${last ? "└─ " : "├─ "}`, `${below}${last ? "   " : "│  "}`);
  });
}

function line({ label, span, parent, status, time }: Row): string {
  const columns = [
    label.padEnd(WIDTHS.hop),
    span.padEnd(WIDTHS.span),
    parent.padEnd(WIDTHS.parent),
    status.padStart(WIDTHS.status),
    time.padStart(WIDTHS.time),
  ];
  return columns.join(" ").trimEnd();
}

function coloured(row: Row, paint: Paint): string {
  const text = line(row);
  const label = text.slice(0, WIDTHS.hop);
  const rest = text.slice(WIDTHS.hop);
  return paint(row.service ? "green" : "cyan", label) + (row.service ? paint("dim", rest) : rest);
}
