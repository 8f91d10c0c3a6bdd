import { Argument, Command } from "@commander-js/extra-typings";

const name = "completion";
const purpose = `Prints what a shell needs to complete this command. For this session: source <(mqtt-dataflow completion bash)`;

/**
 * The command `completion`, and the hidden `complete`, which the shell asks at each press of the tabulator.
 * @param buildProgram builds the program that is completed
 */
export function completionCommands(buildProgram: () => Command) {
  const shell = new Argument("<shell>", "the name of your shell").choices(["bash", "zsh", "fish", "powershell"]);
  const completion = new Command(name)
    .summary("print what a shell needs to complete this command")
    .description(purpose)
    .addArgument(shell)
    .action(async (given) => {
      await runCompletion(buildProgram(), [name, given]);
    });
  const complete = new Command("complete")
    .description("Prints what may follow the words of a command line.")
    .argument("[words...]", "words behind the command's name")
    .action(async (words) => {
      await runCompletion(buildProgram(), ["complete", "--", ...words]);
    });
  return { completion, complete };
}

async function runCompletion(program: Command, args: readonly string[]): Promise<void> {
  const { default: tab } = await import("@bomb.sh/tab/commander");
  // Its types are those of commander, which is what the typed twin exports.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  tab(program as Parameters<typeof tab>[0], { completionCommandName: name });
  await program.parseAsync([...args], { from: "user" });
}
