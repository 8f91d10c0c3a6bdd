import type { CommandResult } from "./pulumi.ts";

export type Setting = readonly [path: string, value: string];

/** A program in a folder of its own, with its stack. */
export interface LivingStack {
  /** Runs `pulumi <command> … --stack <name>`. */
  run(command: string, ...args: readonly string[]): Promise<CommandResult>;
  /** As `run`, with the project's policy pack. */
  runWithPolicies(command: string, ...args: readonly string[]): Promise<CommandResult>;
  /** Sets a setting: its path and its value. */
  set(setting: Setting): Promise<void>;
  /** Changes the declaration, as its owner would. */
  change(): void;
  /** Takes its protection back, in its declaration or its settings. */
  unprotect(): Promise<void>;
  /** What is in Azure and in the cluster of this stack, by whatever names. */
  listLeft(): Promise<readonly string[]>;
}

export interface LifeCycle {
  /** Prepares the program; called once, before its tests. */
  readonly start: () => Promise<LivingStack>;
  /** How many resources a preview of a new stack creates. */
  readonly creates: number;
  /** What `preview --diff` shows of the change. */
  readonly shows: RegExp;
  /** What the policy pack says of it first, and the setting that it asks for; omitted: nothing. */
  readonly refused?: { readonly says: string; readonly remedy: Setting };
  /** Whether Pulumi refuses to destroy it, until it is unprotected. */
  readonly isProtected: boolean;
}

/** Declares the tests of a stack from its first preview to its end. Each goes on from where the one before it has left the stack. */
export function declareLifeCycle({ start, creates, shows, refused, isProtected }: LifeCycle): void {
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

    const output = await succeed("preview", "--expect-no-changes");
    expect(output).toContain(`${creates} unchanged`);
    expect(output).not.toContain("cannot ignore changes"); // what Pulumi says of an option that names a missing field
  });

  test("a change of the declaration is shown and deployed, and then nothing is left to do", async () => {
    stack.change();

    const shown = await succeed("preview", "--diff");
    await succeed("up", "--yes", "--skip-preview");

    expect(shown).toMatch(shows);
    await succeed("preview", "--expect-no-changes");
  });

  test("a refresh finds what was deployed", async () => {
    const output = await succeed("refresh", "--yes", "--skip-preview");

    // Beside what was created, what the program reads: another stack.
    expect(output).toMatch(/Resources:\n +\d+ unchanged\n/);
  });

  if (refused !== undefined) {
    test("the policy pack refuses it, and says what to set", async () => {
      const { code, output } = await stack.runWithPolicies("preview");

      expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(refused.says) });
      await stack.set(refused.remedy);
    });
  }

  test("the policy pack lets it be deployed", async () => {
    const { code, output } = await stack.runWithPolicies("preview");

    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/mqtt-dataflow@v\S+ \(local: /) });
    expect(output).not.toContain("[mandatory]");
  });

  if (isProtected) {
    test("protected, it is not destroyed, not even in part", async () => {
      const before = await stack.listLeft();

      const { code, output } = await stack.run("destroy", "--yes");

      expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining("because it is protected") });
      expect(await stack.listLeft()).toEqual(before);
    });
  }

  test("destroyed, nothing of it is left", async () => {
    if (isProtected) {
      await stack.unprotect();
      await succeed("up", "--yes", "--skip-preview");
    }

    expect(await succeed("destroy", "--yes")).toContain(`- ${creates} deleted`);

    expect(await stack.listLeft()).toEqual([]);
  });
}
