import { diagnosticsOf } from "../support/diff-text.ts";
import type { CommandResult } from "../support/pulumi.ts";
import type { Site } from "../support/site.ts";

/** What commands came to, as a part of a page. */
export class Report {
  readonly #lines: string[] = [];

  /** Begins what follows. */
  heading(title: string): void {
    if (this.#lines.length > 0) this.#lines.push("");
    this.#lines.push(`### ${title}`, "");
  }

  /**
   * Adds a command, and how it ended.
   * @param resource the one whose error is shown, since several that fail together do so in any order
   * @returns what was shown
   */
  command(text: string, result: CommandResult, resource = ""): string {
    const shown = result.code === 0 ? countsIn(result.output) : errorOf(result.output, resource);
    if (result.code === 0) this.#lines.push(`- \`pulumi ${text}\`: ${shown}`);
    else this.#lines.push(`- \`pulumi ${text}\` ends with`, "", ...block(shown), "");
    return shown;
  }

  /** Runs a command, which is asked for no confirmation, and adds it. */
  async run(
    site: Pick<Site, "run">,
    text: string,
    resource?: string,
  ): Promise<{ readonly code: number; readonly shown: string }> {
    const [command = "", ...args] = text.split(" ");
    const result = await site.run(command, ...args, ...(command === "preview" ? [] : ["--yes"]));
    return { code: result.code, shown: this.command(text, result, resource) };
  }

  /** Adds a line of its own. */
  note(text: string): void {
    this.#lines.push(`- ${text}`);
  }

  get text(): string {
    return this.#lines.join("\n").replaceAll("\n\n\n", "\n\n").trimEnd();
  }
}

function block(text: string): string[] {
  return ["```text", ...text.split("\n"), "```"].map((line) => (line === "" ? "" : `  ${line}`));
}

/** `1 updated, 27 unchanged`. */
function countsIn(output: string): string {
  const counts = output.slice(output.lastIndexOf("\nResources:")).matchAll(/^ +(?:[-+~]+ )?(\d+ [a-z ]+)$/gm);
  return [...counts].map(([, count]) => count).join(", ");
}

/** Why a resource failed, or the first error without a resource, without what is made up in each run. */
function errorOf(output: string, resource: string): string {
  const blocks = diagnosticsOf(output).split(/\n\n(?= {0,2}\S)/);
  const found = blocks.find((text) => text.includes(`(${resource})`)) ?? blocks.find((text) => text.includes("error:"));
  return withoutChance(found ?? output).trim();
}

function withoutChance(text: string): string {
  return text
    .replaceAll(/urn:pulumi:[^\s'"]+/g, "<URN>")
    .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, "https://<server>")
    .replaceAll(/127\.0\.0\.1:\d+/g, "<server>")
    .replaceAll(/\b(oslo-[a-z-]+?|pulumi-kubernetes)(-?)[0-9a-f]{8}\b/g, "$1$2<made up>")
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
