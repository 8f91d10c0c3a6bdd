/** Rooms of this project that nobody gets who installs something: they emulate brokers, test, measure or deploy. */
const notForUsers = /^(bench|doc|emulator|stacks|test)\//;

/**
 * Takes the files of a bundle as they are, unless one is not for users.
 * @throws {Error} naming it
 */
export function forUsers(files: readonly string[]): readonly string[] {
  const refused = files.filter((file) => notForUsers.test(file));
  if (refused.length === 0) return files;
  throw new Error(`a bundle for users has ${refused.join(", ")} in it; import it only where the bundle does not reach`);
}
