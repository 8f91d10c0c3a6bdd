import type { EngineEvent } from "./engine.ts";
import { isGood } from "./result.ts";
import type { SiteResult } from "./result.ts";

/** The events of one preview, as the review of many stacks takes them. */
export interface StackEvents {
  readonly stack: string;
  readonly events: readonly EngineEvent[];
}

/** Gathers the previews of a fleet for one review; of a site that the engine was not started for, it says why. */
export function gatherEvents(
  previews: readonly { readonly result: SiteResult; readonly events: readonly EngineEvent[] }[],
): StackEvents[] {
  return previews.map(({ result, events }) => {
    const hasError = events.some(({ diagnosticEvent }) => diagnosticEvent?.severity === "error");
    if (isGood(result) || hasError) return { stack: result.site.name, events };
    const message = result.reasons.join("\n") || `was not previewed: ${result.outcome}`;
    const said = {
      sequence: 0,
      timestamp: 0,
      diagnosticEvent: { message, color: "never", severity: "error" as const },
    };
    return { stack: result.site.name, events: [...events, said] };
  });
}
