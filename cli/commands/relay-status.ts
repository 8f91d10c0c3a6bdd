import { setTimeout as delay } from "node:timers/promises";

import { Command, Option } from "@commander-js/extra-typings";

import { WrongValue } from "../../runtime/command-line/check-line.ts";
import { printableLines } from "../../runtime/contract/printable.ts";
import { ExitCode } from "../../runtime/run.ts";
import { coloured, say, sayJson, type Session } from "../session.ts";
import { createRelayClient, type RelayClient } from "../status/client.ts";
import { reachRelay, type Place } from "../status/reach.ts";
import { eventLine, sampleLines, statusLines, type Paint } from "../status/text.ts";
import { jsonOption, readWhole } from "./options.ts";

const where = `The relay is asked at the port of its status page, on this machine or, with --pod, through kubectl port-forward. Nothing is changed.`;
const usualPort = 9601;
const watchMs = 1000;
const clearScreen = "\u001b[H\u001b[J";

/** The command `status`. */
export function statusCommand(session: Session) {
  return placed(new Command("status"))
    .summary("say what a running relay does")
    .description(
      `Says of a running relay which dataflows it has, what crosses and waits, and what is wrong and since when.\n\n${where}`,
    )
    .option("--watch", "show it anew each second, until Ctrl-C")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExit codes: 0 all is well; 1 something is not, or no relay answers; 2 the command line is wrong.",
    )
    .action(async ({ watch = false, json = false, ...place }) => {
      await withRelay(session, place, async (relay, signal) => {
        for (let isFirst = true; isFirst || (watch && !signal.aborted); isFirst = false) {
          if (!isFirst) await delay(watchMs, undefined, { signal }).catch(() => undefined);
          if (signal.aborted) return;
          const status = await relay.status(signal);
          if (json && watch) session.output.write(`${printableLines(JSON.stringify(status))}\n`);
          else if (json) sayJson(session, status);
          else {
            if (watch && isTerminal(session)) session.output.write(clearScreen);
            say(session, ...statusLines(status, paintOf(session)));
          }
          session.exitCode = status.state === "ok" ? ExitCode.ok : ExitCode.failed;
        }
      });
    });
}

/** The command `events`. */
export function eventsCommand(session: Session) {
  return placed(new Command("events"))
    .summary("follow what happens in a running relay")
    .description(
      `Prints the last 500 events of a running relay (connected, refused, renewed, dead-lettered), then each as it happens.\n\n${where}`,
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nWith --json each line is one event.\n\nExit codes: 0 until Ctrl-C; 1 no relay answers, or it has ended; 2 the command line is wrong.",
    )
    .action(async ({ json = false, ...place }) => {
      await withRelay(session, place, async (relay, signal) => {
        for await (const event of relay.events(signal)) {
          if (json) session.output.write(`${printableLines(JSON.stringify(event))}\n`);
          else say(session, eventLine(event, paintOf(session)));
        }
        if (!signal.aborted) throw new Error("the relay has ended, or its connection was cut");
      });
    });
}

/** The command `tap`. */
export function tapCommand(session: Session) {
  return placed(new Command("tap"))
    .summary("show messages of a dataflow as they pass a running relay")
    .description(
      `Shows messages of a dataflow as they pass, ten a second at most: topic before and after, properties, size. The relay shows them only where relay.statusPage.tap allows it.\n\n${where}`,
    )
    .argument("<dataflow>", "the dataflow")
    .option("--payload", "show the first 4 KiB of the payload too, where relay.statusPage.tap is Payload")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nWith --json each line is one message.\n\nExit codes: 0 until Ctrl-C; 1 the relay does not show them, or no relay answers; 2 the command line is wrong.",
    )
    .action(async (dataflow, { payload = false, json = false, ...place }) => {
      await withRelay(session, place, async (relay, signal) => {
        for await (const sample of relay.tap(dataflow, payload, signal)) {
          if (json) session.output.write(`${printableLines(JSON.stringify(sample))}\n`);
          else say(session, ...sampleLines(sample, paintOf(session)));
        }
        if (!signal.aborted) throw new Error("the relay has ended, or its connection was cut");
      });
    });
}

/** Adds where the relay is. */
function placed(command: Command) {
  return command
    .addOption(
      new Option("--port <port>", "port of the relay's status page").default(usualPort).argParser(readWhole(1, 65_535)),
    )
    .addOption(
      new Option("--pod <namespace/name>", "the pod that the relay runs in; needs kubectl").argParser(
        (value: string) => {
          if (/^[a-z0-9.-]+\/[a-z0-9.-]+$/.test(value)) return value;
          throw new WrongValue(`is "${value}"`, "give <namespace>/<name of the pod>");
        },
      ),
    );
}

/** Opens the way to the relay, and closes it at the end or at Ctrl-C. A problem is one line, and exit code 1. */
async function withRelay(
  session: Session,
  place: Place,
  act: (relay: RelayClient, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = () => {
    interrupted.abort();
  };
  process.once("SIGINT", interrupt);
  try {
    const way = await reachRelay(place);
    try {
      await act(createRelayClient(way.address), interrupted.signal);
    } finally {
      way.close();
    }
  } catch (cause) {
    if (interrupted.signal.aborted) return;
    session.errors.write(`${printableLines(cause instanceof Error ? cause.message : String(cause))}\n`);
    session.exitCode = ExitCode.failed;
  } finally {
    process.off("SIGINT", interrupt);
  }
}

function paintOf(session: Session): Paint {
  return (style, text) => coloured(session, style, text);
}

function isTerminal({ output }: Session): boolean {
  return (output as Partial<NodeJS.WriteStream>).isTTY === true;
}
