import { parseArgs } from "node:util";

import { InvalidArgumentError, type CommandUnknownOpts, type Option } from "@commander-js/extra-typings";

import type { Problem } from "../contract/errors.ts";

/** What an option's own reader throws at a value that it does not take; {@link checkLine} lists it beside all others. */
export class WrongValue extends InvalidArgumentError {
  readonly problem: string;
  readonly remedy: string;

  /**
   * @param problem what is wrong with the value, such as `is "x"`
   * @param remedy what to give instead
   */
  constructor(problem: string, remedy: string) {
    super(`${problem}; ${remedy}`);
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** A command, and what the command line says behind its name. */
export interface CommandLine {
  readonly command: CommandUnknownOpts;
  readonly rest: readonly string[];
}

/** Finds the command that a command line names: the innermost, as `fleet preview` of `fleet`. */
export function findCommand(program: CommandUnknownOpts, args: readonly string[]): CommandLine {
  const [name, ...rest] = args;
  const command = program.commands.find(
    (each) => each.name() === name || each.aliases().some((alias) => alias === name),
  );
  return command === undefined ? { command: program, rest: args } : findCommand(command, rest);
}

/**
 * Lists all that is wrong with what a command line says behind a command's name. Commander itself stops at the first.
 * An option takes a value or none: one whose value may be left out is not known here. Never throws.
 */
export function checkLine({ command, rest }: CommandLine): Problem[] {
  const options = [...command.options, ...globalOptions(command)];
  const { tokens } = parseArgs({ args: [...rest], options: buildOptionTable(options), strict: false, tokens: true });
  const given = tokens.flatMap((token) => (token.kind === "option" ? [token] : []));
  const unknown = given.filter(({ name, rawName }) => findOption(options, name, rawName) === undefined);
  const positionals = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  return [
    ...unknown.map(({ rawName }) => unknownOption(rawName, options)),
    ...given.flatMap(({ name, rawName, value }) => {
      const option = findOption(options, name, rawName);
      return option === undefined ? [] : checkValue(option, rawName, value);
    }),
    ...checkRequired(
      command,
      given.map(({ name }) => name),
    ),
    // What stands behind an unknown option may be its value: it is counted once the options are right.
    ...(unknown.length > 0 ? [] : checkArguments(command, positionals)),
  ];
}

/** Whether a command line asks for help rather than for work. */
export function asksForHelp({ command, rest }: CommandLine): boolean {
  const end = rest.indexOf("--");
  const words = end === -1 ? rest : rest.slice(0, end);
  return words.includes("--help") || words.includes("-h") || (command.parent === null && words[0] === "help");
}

type Table = Record<string, { type: "boolean" | "string"; multiple: true; short?: string }>;

function buildOptionTable(options: readonly Option[]): Table {
  return Object.fromEntries(
    options.map((option) => [
      longName(option),
      {
        type: option.required ? ("string" as const) : ("boolean" as const),
        multiple: true as const,
        ...(option.short === undefined ? {} : { short: option.short.slice(1) }),
      },
    ]),
  );
}

/** Options that commander adds by itself. */
function globalOptions(command: CommandUnknownOpts): Option[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !command.options.includes(option));
}

function findOption(options: readonly Option[], name: string, rawName: string): Option | undefined {
  return options.find((option) => longName(option) === name || option.short === rawName);
}

/** `--metrics-port` without its dashes. */
function longName(option: Option): string {
  return (option.long ?? option.short ?? "").replace(/^-+/, "");
}

function unknownOption(rawName: string, options: readonly Option[]): Problem {
  const known = options.filter(({ hidden }) => !hidden).map((option) => option.long ?? option.short ?? "");
  return { path: rawName, problem: "is not an option", remedy: `use one of ${known.join(", ")}` };
}

function checkValue(option: Option, path: string, value: string | undefined): Problem[] {
  if (!option.required) {
    return value === undefined ? [] : [{ path, problem: `is "${value}"`, remedy: "give it without a value" }];
  }
  // A value that looks like an option is a value that was forgotten.
  if (value === undefined || value === "" || value.startsWith("--")) {
    return [{ path, problem: "has no value", remedy: "give one behind it" }];
  }
  return checkWith(option, path, value);
}

/** Checks a value with the choices or the reader of its option or argument. */
function checkWith(
  { argChoices, parseArg }: Pick<Option, "argChoices" | "parseArg">,
  path: string,
  value: string,
): Problem[] {
  if (argChoices !== undefined && !argChoices.includes(value)) {
    return [{ path, problem: `is "${value}"`, remedy: `use one of ${argChoices.join(", ")}` }];
  }
  if (argChoices !== undefined || parseArg === undefined) return [];
  try {
    parseArg(value, undefined as never);
    return [];
  } catch (error) {
    if (!(error instanceof WrongValue)) throw error;
    return [{ path, problem: error.problem, remedy: error.remedy }];
  }
}

function checkRequired({ options }: CommandUnknownOpts, given: readonly string[]): Problem[] {
  return options
    .filter((option) => option.mandatory && !given.includes(longName(option)))
    .map((option) => ({
      path: option.long ?? option.flags,
      problem: "is missing",
      remedy: `give ${option.flags}, ${option.description}`,
    }));
}

function checkArguments(command: CommandUnknownOpts, positionals: readonly string[]): Problem[] {
  const wanted = command.registeredArguments;
  const missing = wanted.slice(positionals.length).filter((argument) => argument.required);
  const isOpen = wanted.at(-1)?.variadic === true;
  const extra = isOpen ? [] : positionals.slice(wanted.length);
  return [
    ...missing.map((argument) => ({
      path: command.name(),
      problem: `has no ${argument.name().toUpperCase()}`,
      remedy: `give ${argument.description}`,
    })),
    ...positionals.flatMap((value, index) => {
      const argument = wanted[index] ?? (isOpen ? wanted.at(-1) : undefined);
      return argument === undefined ? [] : checkWith(argument, argument.name().toUpperCase(), value);
    }),
    ...extra.map((path) => ({
      path,
      problem: `is one argument too many for ${command.name()}`,
      remedy: "leave it out",
    })),
  ];
}
