import type { CommandLine } from "../../engine/support/command-line.ts";
import { installCommandLine } from "../../engine/support/command-line.ts";
import { kubeconfigOf } from "../node/control-plane.ts";
import type { NodeParts } from "../node/programs.ts";

/** A program in a folder of its own, with a stack that is deployed to the node. */
export interface DeployedProgram {
  /** Runs `pulumi <command> … --stack <name>`. @throws what was printed when it fails */
  succeed(command: string, ...args: readonly string[]): Promise<string>;
  /** As `succeed`, with the project's policy pack. */
  succeedWithPolicies(command: string, ...args: readonly string[]): Promise<string>;
  /** Gives the pods so much memory, as the program's owner would. */
  changeMemory(memoryMebibytes: number): Promise<void>;
  /** Replaces a text that its declaration has exactly once. */
  edit(text: string, replacement: string): void;
  /** What the names of its objects begin with. */
  readonly site: string;
}

/** Installs Pulumi's command line for the node, with its own host of Node.js programs and its own Kubernetes provider. */
export function installForNode(parts: NodeParts): Promise<CommandLine> {
  const { pulumi, "pulumi-language-nodejs": nodeHost, "pulumi-resource-kubernetes": kubernetesProvider } = parts;
  return installCommandLine(
    { pulumi, "pulumi-language-nodejs": nodeHost },
    { kubernetesProvider, kubeconfig: kubeconfigOf("admin") },
  );
}

/** A way to run one program of an installation. */
export function runnerOf(commandLine: CommandLine, folder: string, stack: string) {
  const withPolicies: DeployedProgram["succeedWithPolicies"] = async (command, ...args) => {
    const { code, output } = await commandLine.runWithPolicies(folder, command, "--stack", stack, ...args);
    if (code !== 0) throw new Error(`pulumi ${command} ${args.join(" ")}: exit code ${code}\n${output}`);
    return output;
  };
  return {
    succeed: (command: string, ...args: readonly string[]) =>
      commandLine.succeed(folder, command, "--stack", stack, ...args),
    succeedWithPolicies: withPolicies,
  };
}
