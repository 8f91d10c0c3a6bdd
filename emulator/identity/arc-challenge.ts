import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** Where the agent of an Arc-enabled server puts its keys; clients read them from no other folder. @see Azure Arc, Managed identity authentication */
export const arcKeyFolder = "/var/opt/azcmagent/tokens";

const keyBytes = 32;
const keyMode = 0o640;
/** A client that never comes back leaves a file behind. */
const maxOpenChallenges = 16;

/**
 * Challenges of an Arc-enabled server: who asks for a token has to show the content of a file that only the server's
 * root and a group of its own can read, each file once.
 */
export class ArcChallenges {
  readonly #folder: string;
  /** Names of files by what is in them, oldest first. */
  readonly #open = new Map<string, string>();

  /** @param folder that clients see as {@link arcKeyFolder} */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a key. @returns the value of `WWW-Authenticate` that names its file */
  async challenge(): Promise<string> {
    const [name, key] = [`${randomUUID()}.key`, randomBytes(keyBytes).toString("hex")];
    await mkdir(this.#folder, { recursive: true });
    await writeFile(path.join(this.#folder, name), key, { mode: keyMode });
    this.#open.set(key, name);
    const [oldest] = this.#open.keys();
    if (this.#open.size > maxOpenChallenges && oldest !== undefined) await this.#close(oldest);
    return `Basic realm=${arcKeyFolder}/${name}`;
  }

  /** Tells whether `Authorization` answers a challenge, which is over then. */
  async isAnswered(authorization: string | undefined): Promise<boolean> {
    const key = /^Basic (.+)$/.exec(authorization ?? "")?.[1];
    if (key === undefined || !this.#open.has(key)) return false;
    await this.#close(key);
    return true;
  }

  /** Removes what nobody has answered. */
  async close(): Promise<void> {
    for (const key of [...this.#open.keys()]) await this.#close(key);
  }

  async #close(key: string): Promise<void> {
    const name = this.#open.get(key);
    this.#open.delete(key);
    if (name !== undefined) await rm(path.join(this.#folder, name), { force: true });
  }
}
