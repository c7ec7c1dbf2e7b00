import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Stamps, inTemporaryFolder } from "../../../harness/provision/cache.ts";
import { reasonOf, which } from "../../../harness/provision/exec.ts";
import { type Found, type Machine, firstWords } from "./machine.ts";

export interface Zipkin extends Found {
  java: string;
}

export const ZIPKIN_VERSION = "3.6.1";
/** Of the file as Maven Central had it when it was chosen. */
const SHA256 = "d8326e0ed4f43855dba81228f688554706e52578a7c782d9a90b73f8680654a1";
const JAVA = 17;
const MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const FILE = `zipkin-server-${ZIPKIN_VERSION}-exec.jar`;
const KEY = `zipkin-${ZIPKIN_VERSION}`;

const jarOf = ({ folder }: Machine) => join(folder, "zipkin", FILE);
const stampsOf = ({ folder }: Machine) => new Stamps(join(folder, "stamps"));

/** A Java that can run it. @returns or why there is none, as a sentence */
export async function findJava(machine: Machine): Promise<{ java: string } | string> {
  const java = await which("java", machine.env);
  const version = java && /version "(\d+)/.exec((await firstWords(machine, java, "-version")) ?? "")?.[1];
  if (java === undefined || version === undefined) return `there is no java on PATH: Zipkin needs Java ${JAVA}`;
  return Number(version) < JAVA ? `java on PATH is version ${version}: Zipkin needs ${JAVA}` : { java };
}

/** Zipkin from the cache, and the Java for it. Asks no network. */
export async function findZipkin(machine: Machine): Promise<Zipkin | undefined> {
  const java = await findJava(machine);
  const path = jarOf(machine);
  const stamp = await stampsOf(machine).valid(KEY);
  if (typeof java === "string" || stamp?.path !== path) return undefined;
  return { path, version: ZIPKIN_VERSION, source: "cache", ...java };
}

/**
 * Gets Zipkin's server by Maven, which knows where this machine has its artifacts from, and looks at its sum.
 * @returns why it cannot be had, as a sentence
 */
export async function installZipkin(machine: Machine): Promise<string | undefined> {
  const { env, folder, exec, progress } = machine;
  const java = await findJava(machine);
  if (typeof java === "string") return java;
  const mvn = await which("mvn", env);
  if (mvn === undefined) return "there is no mvn on PATH: Maven brings it";
  return inTemporaryFolder(folder, async (temporary) => {
    progress(`downloading Zipkin ${ZIPKIN_VERSION} with mvn (about 135 MB)`);
    const flags = [`-Dartifact=io.zipkin:zipkin-server:${ZIPKIN_VERSION}:jar:exec`, `-DoutputDirectory=${temporary}`];
    // A repository of its own: the user's would keep a second copy.
    const repository = `-Dmaven.repo.local=${join(temporary, "repository")}`;
    const result = await exec(mvn, ["-q", "-B", `${MAVEN_PLUGIN}:copy`, ...flags, repository], { env, cwd: temporary, timeout: 540_000 });
    const file = join(temporary, FILE);
    if (result.code !== 0) return `mvn: ${reasonOf(result)}`;
    const sum = await sha256(file);
    if (sum !== SHA256) return `${FILE} has the sha256 ${sum}, and not ${SHA256}: it was thrown away`;
    const path = jarOf(machine);
    await mkdir(join(folder, "zipkin"), { recursive: true });
    await rename(file, path);
    await stampsOf(machine).write(KEY, path, ZIPKIN_VERSION, "mvn");
    return undefined;
  });
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
