import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** More than any of these archives has; `execFileSync` gives up above it. */
const maxBytes = 256 * 1024 * 1024;

/**
 * Packs the content of a folder into a `.tar.gz` that has the same bytes whoever packs it, and whenever: sorted names, one time, no
 * owner, modes without those of a umask. Needs GNU tar.
 * @param modifiedSeconds time of every entry, in seconds since 1970
 */
export function writeArchive(file: string, folder: string, modifiedSeconds: number): void {
  const sameForAll = ["--sort=name", `--mtime=@${modifiedSeconds}`, "--owner=0", "--group=0", "--numeric-owner"];
  const options = [...sameForAll, "--mode=u=rwX,go=rX", "--format=ustar", "-cf", "-", "-C", folder];
  const entries = readdirSync(folder).sort();
  // Else tar would sort by the language of this machine.
  const env = { ...process.env, LC_ALL: "C" };
  const tar = execFileSync("tar", [...options, "--", ...entries], { maxBuffer: maxBytes, env });
  writeFileSync(file, gzipSync(tar, { level: 9 }));
}
