import { stripVTControlCharacters } from "node:util";

import { describeError } from "../../runtime/contract/errors.ts";
import { withoutSecrets } from "../../runtime/contract/redact.ts";
import type { EngineEvent, StackRun } from "./engine.ts";
import type { Site } from "./sites.ts";

/** Environment variables that hold what opens a backend or a cloud. */
const secretVariables = [
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_ACCESS_TOKEN",
  "ARM_CLIENT_SECRET",
  "AZURE_CLIENT_SECRET",
  "AZURE_STORAGE_KEY",
  "AZURE_STORAGE_SAS_TOKEN",
  "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/** Lines of one stack's failure that are shown; the engine may say thousands. */
const maxLines = 20;

/**
 * Says why an operation did not end well: the engine's own errors, or what its process wrote when it had none. What the engine
 * keeps secret is left out by it, and what opens the backend here.
 */
export function failureReasons(
  outcome: StackRun["outcome"],
  { stack }: Pick<Site, "stack">,
  events: readonly EngineEvent[],
  cause: unknown,
): string[] {
  if (outcome === "locked") return [lockedBy(stack, cause)];
  const said = events.flatMap(({ diagnosticEvent }) =>
    diagnosticEvent?.severity === "error" ? [`${diagnosticEvent.prefix ?? ""}${diagnosticEvent.message}`] : [],
  );
  const text = plain((said.length > 0 ? said : [written(cause)]).join("\n"));
  const lines = [...new Set(text.split("\n").map((line) => line.trimEnd()))].filter((line) => line.trim() !== "");
  const shown = lines.slice(0, maxLines);
  const rest = lines.length - shown.length;
  const all = rest > 0 ? [...shown, `and ${rest} more lines; pulumi preview --stack ${stack} shows them`] : shown;
  if (outcome === "cancelled") return ["was cancelled on the way; what it had done by then is in the stack's state"];
  return all.length > 0 ? all : ["the engine ended without a word"];
}

/** Leaves out what is for terminals only, and what opens the backend or the cloud. */
export function plain(text: string): string {
  const secrets = secretVariables.map((name) => process.env[name]);
  return withoutSecrets(stripVTControlCharacters(text).replaceAll(/<\{%[^%]*%\}>/g, ""), secrets);
}

function lockedBy(stack: string, cause: unknown): string {
  const holder = /\.json\S*: created by (.*)$/m.exec(describeError(cause))?.[1]?.trim();
  const by = holder === undefined ? "" : ` of ${plain(holder)}`;
  return `is locked by another update${by}; wait for it, or if its process is gone: pulumi cancel --stack ${stack}`;
}

/** What the process of the engine wrote: the Automation API puts it into the message, between the exit code and its own error. */
function written(cause: unknown): string {
  const message = describeError(cause);
  const parts = /^code: .*?\n stdout: ([\s\S]*?)\n stderr: ([\s\S]*?)\n err\?: /.exec(message);
  if (parts === null) return message;
  const [, stdout = "", stderr = ""] = parts;
  const text = `${stderr}\n${stdout}`;
  const errors = text.split("\n").filter((line) => /^\s*error: /.test(line));
  return errors.length > 0 ? errors.join("\n") : text;
}
