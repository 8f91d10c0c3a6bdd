import { openSync, readSync } from "node:fs";

import { countMovements, every } from "../event-loop/every.ts";
import { Collector } from "./collector.ts";
import { largeBuffers } from "./large-buffers.ts";
import { Lane, type Room, type RoomOptions } from "./lane.ts";
import type { MemoryPlan } from "../contract/memory.ts";

/** What a dataflow's memory is asked. */
export interface MemoryUse {
  /** Bytes that it holds at this time. */
  readonly heldBytes: () => number;
  /** Called when all may take in messages again, or none may. */
  readonly onTightChange: () => void;
}

/** The memory of one dataflow. */
export interface MemoryShare {
  /** Bytes of messages that it may hold, whatever the others do. */
  readonly bytes: number;
  /** Longest message that it can hold at all. */
  readonly longestBytes: number;
  /** Whether the process has so little memory left that nobody may take in more. */
  readonly isTight: boolean;
  /** Asks for room for a message that does not fit into the share with its copies; `undefined` where there never is so much. */
  askForLarge(bytes: number, options?: RoomOptions): Room | undefined;
  /** Counts bytes that were allocated for a message. */
  allocated(bytes: number): void;
  /** Says who uses it. Once. */
  use(use: MemoryUse): void;
}

/** Part of the limit at which everything is collected, at which nothing more is taken in, and below which it goes on. */
const [collectAt, tightAt, relaxedAt] = [0.84, 0.88, 0.84];
/** Time between two looks at the memory of the process, and while nothing moves. */
const [lookMs, quietLookMs] = [250, 1000];
/** Part of what may wait to be collected that may wait to be used again. */
const largeShare = 1 / 2;
/** Time between two collections of everything. */
const collectEveryMs = 2000;
/** Time without messages after which garbage is collected that V8 leaves where it is, and how much of it is worth that. */
const [restMs, worthBytes] = [5000, 4 * 1024 * 1024];
/** So little is read between two looks without messages: what keeps connections alive. */
const restingReads = 10;
/** Time between two such collections. */
const tidyEveryMs = 10_000;

/** What a dataflow has of it. */
export const unboundedShare: MemoryShare = {
  bytes: Infinity,
  longestBytes: Infinity,
  isTight: false,
  askForLarge: () => undefined,
  allocated: () => undefined,
  use: () => undefined,
};

/** The memory of a process that nobody gave a limit. */
export const unboundedMemory: Pick<MemoryBudget, "share"> = { share: () => unboundedShare };

export interface BudgetOptions {
  readonly limitBytes: number;
  readonly plan: MemoryPlan;
  readonly onTight: (isTight: boolean, residentBytes: number) => void;
  /** Bytes of the process that the kernel can't take back. */
  readonly residentBytes?: () => number;
}

/**
 * The memory for messages of one process. Each dataflow has a share of its own; messages that are larger than it take turns in a
 * lane of their own. What the plan did not foresee is met by a look at the process itself: near its limit nothing more is taken
 * in until what is here has left.
 */
export class MemoryBudget {
  readonly #options: BudgetOptions;
  readonly #lane: Lane;
  readonly #collector: Collector;
  readonly #uses: MemoryUse[] = [];
  /** Looks no more. */
  readonly close: () => void;
  readonly #residentBytes: () => number;
  #isTight = false;
  #collectedMs = -Infinity;
  /** What had been read when that was last looked at, and when it was much. */
  #reads = 0;
  #busyMs = performance.now();
  #tidiedMs = -Infinity;
  /** The least that the process took since then. */
  #leastBytes = Infinity;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#residentBytes = options.residentBytes ?? readResidentBytes;
    this.#lane = new Lane(options.plan.laneBytes);
    const { garbageBytes } = options.plan;
    this.#collector = new Collector({ garbageBytes, liveBytes: () => this.heldBytes });
    largeBuffers.mostFreeBytes = Math.min(largeBuffers.mostFreeBytes, garbageBytes * largeShare);
    largeBuffers.onMade = this.#collector.allocated.bind(this.#collector);
    this.close = every(lookMs, this.#look.bind(this), { quietMs: quietLookMs });
  }

  /** Bytes that the process may use. */
  get limitBytes(): number {
    return this.#options.limitBytes;
  }

  /** Bytes that all dataflows hold. */
  get heldBytes(): number {
    return this.#uses.reduce((sum, { heldBytes }) => sum + heldBytes(), 0);
  }

  /** What a dataflow of the plan has. */
  share(name: string): MemoryShare {
    const bytes = this.#options.plan.shares.get(name);
    if (bytes === undefined) throw new TypeError(`there is no plan for the memory of "${name}"`);
    const isTight = () => this.#isTight;
    const lane = this.#lane;
    return {
      bytes,
      longestBytes: Math.max(bytes, lane.bytes),
      get isTight() {
        return isTight();
      },
      askForLarge: lane.ask.bind(lane),
      allocated: this.#collector.allocated.bind(this.#collector),
      use: (use) => void this.#uses.push(use),
    };
  }

  #look(): void {
    const { limitBytes, onTight } = this.#options;
    let bytes = this.#residentBytes();
    if (bytes > limitBytes * collectAt && performance.now() - this.#collectedMs > collectEveryMs) {
      largeBuffers.clear();
      this.#collector.collectAll();
      this.#collectedMs = performance.now();
      bytes = this.#residentBytes();
    }
    this.#tidyUp(bytes);
    const isTight = bytes > limitBytes * (this.#isTight ? relaxedAt : tightAt);
    if (isTight === this.#isTight) return;
    this.#isTight = isTight;
    onTight(isTight, bytes);
    for (const { onTightChange } of this.#uses) onTightChange();
  }

  /**
   * Collects what a burst of messages has left, or one of requests to the port, once few messages have come for a while. V8 collects
   * nothing in a process that allocates nothing, and would keep ten megabytes of it for hours.
   */
  #tidyUp(bytes: number): void {
    const nowMs = performance.now();
    const reads = countMovements();
    if (reads - this.#reads > restingReads) this.#busyMs = nowMs;
    this.#reads = reads;
    this.#leastBytes = Math.min(this.#leastBytes, bytes);
    if (nowMs - this.#busyMs < restMs || bytes < this.#leastBytes + worthBytes) return;
    if (nowMs - this.#tidiedMs < tidyEveryMs) return;
    this.#tidiedMs = nowMs;
    this.#collector.shrink();
    this.#leastBytes = this.#residentBytes();
  }
}

/** Stays open: to open and close it each time costs a hundred times as much as to read it. */
let memoryFile: number | undefined;
const memoryText = Buffer.alloc(256);

/** Bytes of the process that are in no file, which the kernel can't take back; all of its memory where it says no more. */
function readResidentBytes(): number {
  try {
    memoryFile ??= openSync("/proc/self/statm", "r");
    const length = readSync(memoryFile, memoryText, 0, memoryText.length, 0);
    // Size, resident and shared, in pages: proc(5).
    const [, resident = 0, shared = 0] = memoryText.toString("latin1", 0, length).split(" ").map(Number);
    return (resident - shared) * pageBytes;
  } catch {
    return process.memoryUsage.rss();
  }
}

const pageBytes = 4096;
