import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../harness/provision/cache.ts";

const cache = join(packageRoot(), ".cache");

/** How Rust modules are built on this machine. */
export interface Toolchain {
  rustc: string;
  target: string;
  /** The standard library must be built too: there is only its source. */
  buildStd: boolean;
}

/** A crate of ours, by its folder below the package's root, and its library's name. */
export interface Crate {
  folder: string;
  library: string;
}

/**
 * A compiler whose standard library is there for wasm, or at least its source. In this order: `RUSTC`, the one in PATH, the one that
 * debian-toolchain.sh has fetched.
 * @returns why there is none, as a text
 */
export function findToolchain(): Toolchain | string {
  if (ask("cargo", "--version") === undefined) return "there is no cargo";
  const compilers = [process.env["RUSTC"] ?? "rustc", join(cache, "rust-debian/rustc")].filter(
    (rustc) => ask(rustc, "--version") !== undefined,
  );
  for (const rustc of compilers) {
    for (const target of ["wasm32-wasip1", "wasm32-unknown-unknown"]) {
      const libraries = ask(rustc, "--print", "target-libdir", "--target", target);
      if (libraries !== undefined && hasStd(libraries)) return { rustc, target, buildStd: false };
    }
    const sources = join(ask(rustc, "--print", "sysroot") ?? "", "lib/rustlib/src/rust/library/Cargo.lock");
    if (existsSync(sources)) return { rustc, target: "wasm32-unknown-unknown", buildStd: true };
  }
  return "rustc has no standard library for wasm32-wasip1 (`rustup target add wasm32-wasip1`, or test/rust/debian-toolchain.sh)";
}

/** Builds a crate. @returns the path of the module */
export async function buildCrate({ rustc, target, buildStd }: Toolchain, { folder, library }: Crate): Promise<string> {
  const made = join(cache, "rust-target");
  const args = ["build", "--release", "--target", target, ...(buildStd ? ["-Zbuild-std=std,panic_abort"] : [])];
  const env = { ...process.env, RUSTC: rustc, CARGO_TARGET_DIR: made, ...(buildStd ? { RUSTC_BOOTSTRAP: "1" } : {}) };
  await promisify(execFile)("cargo", args, { cwd: join(packageRoot(), folder), env, timeout: 540_000, maxBuffer: 1 << 26 });
  return join(made, target, "release", `${library}.wasm`);
}

function ask(command: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 20_000 }).trim();
  } catch {
    return undefined;
  }
}

function hasStd(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(name));
}
