/** Rooms of this project that nobody gets who installs something: they emulate brokers, test, measure or deploy. */
const notForUsers = /^(bench|doc|emulator|stacks|test)\//;

/** What of them is in a bundle all the same: rules without a socket, a file or a package. */
const exceptions: readonly string[] = ["emulator/access/covers-filter.ts"];

/**
 * Takes the files of a bundle as they are, unless one is not for users.
 * @throws {Error} naming it
 */
export function forUsers(files: readonly string[]): readonly string[] {
  const refused = files.filter((file) => notForUsers.test(file) && !exceptions.includes(file));
  if (refused.length === 0) return files;
  throw new Error(`a bundle for users has ${refused.join(", ")} in it; import it only where the bundle does not reach`);
}
