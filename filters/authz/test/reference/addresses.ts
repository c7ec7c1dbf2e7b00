// IP addresses and blocks as numbers.

interface Parsed {
  bits: 32 | 128;
  number: bigint;
}

/** Whether an address is in a block, or is the address that stands for a block of one. An IPv4 address is in no IPv6 block. */
export function isInBlock(address: string, block: string): boolean {
  const [network = "", length] = block.split("/");
  const one = parse(address);
  const other = parse(network);
  if (one.bits !== other.bits) return false;
  const rest = BigInt(one.bits - Number(length ?? one.bits));
  return one.number >> rest === other.number >> rest;
}

function parse(address: string): Parsed {
  if (!address.includes(":")) return { bits: 32, number: join(address.split(".").map(Number), 8) };
  // The last 32 bits may be written as IPv4.
  const groups = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = "", tail] = groups.split("::");
  const before = numbers(head);
  const after = numbers(tail ?? "");
  const gap = tail === undefined ? [] : new Array<number>(8 - before.length - after.length).fill(0);
  return { bits: 128, number: join([...before, ...gap, ...after], 16) };
}

function numbers(groups: string): number[] {
  return groups === "" ? [] : groups.split(":").map((group) => Number.parseInt(group, 16));
}

function join(parts: readonly number[], bits: number): bigint {
  return parts.reduce((sum, part) => (sum << BigInt(bits)) | BigInt(part), 0n);
}
