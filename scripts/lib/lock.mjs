// @ts-check
import { linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { root } from "./files.mjs";

const lock = path.join(root, ".cache", "setup.lock");

/**
 * Runs `work` while no other process of this repository does. The lock is a file with the holder's process number, made by
 * `link`, so that it never exists without its content; that of a dead holder is taken over.
 * @template T @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function withLock(work) {
  mkdirSync(path.dirname(lock), { recursive: true });
  removeLeftovers();
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    for (let told = false; !tryLink(own); told = true) {
      const holder = readHolder();
      if (holder === undefined) continue;
      if (!alive(holder)) {
        takeAway(holder);
        continue;
      }
      if (!told) process.stderr.write(`meshscript: waiting for the set-up of process ${holder}\n`);
      await wait(100);
    }
    try {
      return await work();
    } finally {
      if (readHolder() === process.pid) rmSync(lock, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** `setup.lock.PID` and `setup.lock.dead.PID` of processes that were killed while they waited or worked. */
function removeLeftovers() {
  for (const name of readdirSync(path.dirname(lock))) {
    const pid = Number(/^setup\.lock\.(?:dead\.)?(\d+)$/.exec(name)?.[1]);
    if (pid > 0 && !alive(pid)) rmSync(path.join(path.dirname(lock), name), { force: true });
  }
}

/** @param {string} own */
function tryLink(own) {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}

/** @returns {number | undefined} */
function readHolder() {
  try {
    return Number(readFileSync(lock, "utf8"));
  } catch {
    return undefined;
  }
}

/** Moves a dead holder's lock aside; if another process was faster and it is a living one's by now, puts it back. @param {number} dead */
function takeAway(dead) {
  const aside = `${lock}.dead.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (Number(readFileSync(aside, "utf8")) !== dead) linkSync(aside, lock);
  } catch {
    // Somebody else took it away; the loop looks again.
  }
  rmSync(aside, { force: true });
}

/** @param {number} pid */
function alive(pid) {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
