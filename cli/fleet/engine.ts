import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

import type { Site } from "./sites.ts";

/** How the engine is run: Pulumi's Automation API, or what stands in for it in a test. */
export interface Engine {
  /**
   * The stacks of the fleet's program, by name without organization and project.
   * @throws {Error} when the backend can't be read
   */
  listStacks(): Promise<ReadonlyMap<string, StackFacts>>;
  /** Creates an empty stack. */
  createStack(site: Site): Promise<void>;
  /** Runs one operation on a stack. Never throws. */
  run(operation: Operation, site: Site, watch: Watch): Promise<StackRun>;
}

/** `drift` compares what was deployed with what is there, and changes nothing. */
export type Operation = "preview" | "up" | "drift";

/** What the backend knows of a stack without running its program. */
export interface StackFacts {
  /** When it was last deployed, as the backend says it; `undefined`: never. */
  readonly lastUpdate: string | undefined;
  readonly resourceCount: number | undefined;
  readonly isUpdating: boolean;
}

/** What the caller learns and decides while an operation runs. */
export interface Watch {
  readonly onEvent: (event: EngineEvent) => void;
  /** Aborts: the engine ends the operation as at Ctrl-C, after the resource that it is at. */
  readonly cancel: AbortSignal;
}

/**
 * How an operation ended.
 * - `locked`: nothing was done, since another update has the stack's lock, or one that was killed has left it
 * - `cancelled`: it was ended on the way; what it had done is in the stack's state
 */
export interface StackRun {
  readonly outcome: "done" | "failed" | "locked" | "cancelled";
  /** Why it did not end well, in lines; empty when it did. */
  readonly reasons: readonly string[];
  readonly events: readonly EngineEvent[];
  readonly seconds: number;
}

export type { EngineEvent };
