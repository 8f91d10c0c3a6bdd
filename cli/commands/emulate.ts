import { Command } from "@commander-js/extra-typings";

import type { Session } from "../session.ts";
import { jsonOption, readWhole } from "./options.ts";

const purpose = `Emulates an MQTT broker on this machine, for clients to be tested against: Event Grid's, that of Azure IoT Operations, or a plain one. FILE, YAML or JSON, says which clients, topic spaces, permission bindings and faults it has; without FILE it is Event Grid with a client that publishes and one that subscribes. Prints how to connect with mosquitto_pub, mosquitto_sub, MQTTX and paho, then tells on standard error what clients do and why they are refused. Ends with Ctrl-C.`;

const exitCodes = `
Exit codes: 0 ended with Ctrl-C; 2 the command line or the file is wrong.

Example: mqtt-dataflow emulate site.yaml --certificates certificates`;

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const maxPort = 65_535;

/** The command `emulate`. */
export function emulateCommand(session: Session) {
  return new Command("emulate")
    .summary("an emulated MQTT broker, to test your own clients against")
    .description(purpose)
    .argument("[file]", "clients, topic spaces and faults; faults change while it runs when the file is edited")
    .option("--certificates <dir>", "folder for certificates, keys and tokens; a temporary one when not given")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <n>", "port; 8883 with TLS, 1883 without; 0 takes a free one", readWhole(0, maxPort))
    .addOption(jsonOption())
    .addHelpText("after", exitCodes)
    .action(async (file, { certificates, host, port, json = false }) => {
      const ending = new AbortController();
      const end = () => {
        ending.abort();
      };
      for (const name of endingSignals) process.on(name, end);
      try {
        // The emulator is loaded by nothing else here.
        const { runEmulate } = await import("../emulate/run.ts");
        const { signal } = ending;
        session.exitCode = await runEmulate(session, { file, certificates, host, port, isJson: json, signal });
      } finally {
        for (const name of endingSignals) process.off(name, end);
      }
    });
}
