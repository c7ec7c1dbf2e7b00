/**
 * What differs from run to run, and how it appears in the goldens. Everything else is compared as it is: context ids, tokens and metric
 * ids too, because every probe has VMs of its own.
 */
export function normalise(lines: readonly string[]): string[] {
  let firstCas: number | undefined;
  const queues: string[] = [];
  const queue = (id: string) => {
    if (!queues.includes(id)) queues.push(id);
    return `Q${queues.indexOf(id) + 1}`;
  };
  // How long the time in x-envoy-upstream-service-time is counts in the size of its map.
  const digits = new Map<string, number>();
  for (const line of lines) {
    const [, map, time] = /get_header_map_pairs (\d+) = 0 .*"x-envoy-upstream-service-time": "(\d+)"/.exec(line) ?? [];
    if (map && time) digits.set(map, time.length);
  }
  return lines.map((line) =>
    line
      .replace(/(get_header_map_size (\d+) = 0 )(\d+)$/, (_, before: string, map: string, size: string) => {
        return before + (Number(size) - (digits.get(map) ?? 1) + 1);
      })
      // The order of these maps is that of a hash table with a seed of its own in each process.
      .replace(/(get_property ".*\\0(?:headers|trailers)" = 0 \[)(.*)(\])$/, (_, before: string, map: string, after: string) => {
        return before + (map.match(/"(?:[^"\\]|\\.)*": "(?:[^"\\]|\\.)*"/g) ?? []).sort().join(", ") + after;
      })
      // Where the module's own blocks lie depends on how it was compiled.
      .replace(/ pointer [1-9]\d* length 0$/, " pointer P length 0")
      // Ports are chosen by the kernel.
      .replace(/127\.0\.0\.1:(?!1\b)\d+/g, "127.0.0.1:PORT")
      .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "UUID")
      // The cas numbers and the queue ids count over the whole process: cas relative to the first of the probe, queues in order of appearance.
      .replace(/(get_shared_data .* = 0 .* )(\d+)$/, (_, before: string, cas: string) => {
        firstCas ??= Number(cas);
        return `${before}cas+${Number(cas) - firstCas}`;
      })
      .replace(/((?:register|resolve)_shared_queue .* = 0 )(\d+)$/, (_, before: string, id: string) => before + queue(id))
      .replace(/^(.*queue \d+ queue=)(\d+)$/, (_, before: string, id: string) => before + queue(id))
      // Envoy puts its machine's own address there for a client on loopback.
      .replace(/(x-forwarded-for"?: "?8\.8\.8\.8,)[\d.]+/g, "$1LOCAL")
      // Headers with a time.
      .replace(/("date": |\bdate: )("?)[A-Z][a-z]{2}, \d\d \w+ \d{4} [\d:]+ GMT/g, "$1$2DATE")
      .replace(/("x-envoy-upstream-service-time": |\bx-envoy-upstream-service-time: )("?)\d+/g, "$1$2N"),
  );
}
