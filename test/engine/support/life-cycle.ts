import type { CommandResult } from "./pulumi.ts";

/** A program in a folder of its own, with its stack. */
export interface LivingStack {
  /** Runs `pulumi <command> … --stack <name>`. */
  run(command: string, ...args: readonly string[]): Promise<CommandResult>;
  /** As `run`, with the project's policy pack. */
  runWithPolicies(command: string, ...args: readonly string[]): Promise<CommandResult>;
  /** Changes the declaration, as its owner would. */
  change(): void;
  /** What is in Azure and in the cluster of this stack, by whatever names. */
  listLeft(): Promise<readonly string[]>;
}

export interface LifeCycle {
  /** Prepares the program; called once, before its tests. */
  readonly start: () => Promise<LivingStack>;
  /** How many resources a preview of a new stack creates. */
  readonly creates: number;
  /** What `preview --diff` shows of the change. */
  readonly shows: readonly (string | RegExp)[];
}

/** Declares the tests of a stack from its first preview to its end. Each goes on from where the one before it has left the stack. */
export function declareLifeCycle({ start, creates, shows }: LifeCycle): void {
  let stack: LivingStack;

  beforeAll(async () => {
    stack = await start();
  });

  const succeed = async (command: string, ...args: string[]) => {
    const { code, output } = await stack.run(command, ...args);
    if (code !== 0) throw new Error(`pulumi ${command} ${args.join(" ")}: exit code ${code}\n${output}`);
    return output;
  };

  test("a preview shows what it will create, and creates nothing", async () => {
    expect(await succeed("preview")).toContain(`+ ${creates} to create`);
    expect(await stack.listLeft()).toEqual([]);
  });

  test("after an update a preview expects no changes", async () => {
    expect(await succeed("up", "--yes", "--skip-preview")).toContain(`+ ${creates} created`);

    expect(await succeed("preview", "--expect-no-changes")).toContain(`${creates} unchanged`);
  });

  test("a change of the declaration is shown and deployed, and then nothing is left to do", async () => {
    stack.change();

    const shown = await succeed("preview", "--diff");
    await succeed("up", "--yes", "--skip-preview");

    for (const text of shows) expect(shown).toEqual(text instanceof RegExp ? expect.stringMatching(text) : expect.stringContaining(text));
    expect(shown).not.toMatch(/\d to (?:create|delete|replace)/);
    await succeed("preview", "--expect-no-changes");
  });

  test("a refresh finds what was deployed", async () => {
    const output = await succeed("refresh", "--yes", "--skip-preview");

    expect(output).toContain(`${creates} unchanged`);
  });

  test("the policy pack has nothing to say against it", async () => {
    const { code, output } = await stack.runWithPolicies("preview");

    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/✅ mqtt-dataflow@v\S+ \(local: /) });
  });

  test("destroyed, nothing of it is left", async () => {
    expect(await succeed("destroy", "--yes", "--skip-preview")).toContain(`- ${creates} deleted`);
    expect(await stack.listLeft()).toEqual([]);
  });
}
