/** What the system said, in a person's words; the sentence around it names the file. */
const REASONS: Record<string, string> = {
  ENOENT: "no such file",
  ENOTDIR: "a part of the path is a file",
  EISDIR: "it is a folder",
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  EEXIST: "a file of that name is in the way",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  ENOEXEC: "not a program for this machine",
};

/**
 * Why a file could not be read, written or run; undefined for an error that is not the file system's.
 * @example
 * reasonOfErrno(error) ?? String(error) // "no such file"
 */
export function reasonOfErrno(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  // A folder, too, is something that "may not" be executed.
  if (code === "EACCES" && syscall?.startsWith("spawn")) return "not executable";
  return REASONS[code];
}
