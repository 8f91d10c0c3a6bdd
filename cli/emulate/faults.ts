import type { BrokerEvent } from "../../emulator/events.ts";
import type { Faults } from "../../emulator/faults.ts";
import { ReasonCode } from "../../emulator/packet/reason-code.ts";
import type { EmulationFile, FaultSettings } from "./schema.ts";

/** Faults of a file in a broker that runs. */
export interface FileFaults {
  /** Ends every fault that is set, and sets those of the file. */
  readonly apply: (file: Pick<EmulationFile, "faults" | "limits">) => void;
  /** Counts messages for the faults that ask for it. To be told every event. */
  readonly observe: (event: BrokerEvent) => void;
}

/** @param faults of the broker, which is asked for only once it runs */
export function createFileFaults(faults: () => Faults): FileFaults {
  let settings: FaultSettings = { latencyMs: 0 };
  let published = 0;
  const byConnection = new Map<string, number>();
  return {
    apply: ({ faults: next, limits }) => {
      settings = next;
      published = 0;
      byConnection.clear();
      faults().clear();
      faults().announce(withoutUndefined(limits));
      setCounted(faults(), next);
    },
    observe: (event) => {
      if (event.kind === "connect") byConnection.delete(event.clientId);
      if (event.kind !== "publish") return;
      const { refusePublishes, disconnectAfter } = settings;
      if (refusePublishes !== undefined && isFor(refusePublishes, event)) {
        published += 1;
        if (refusePublishes.everyNth > 1) armNext(faults(), refusePublishes, published);
      }
      if (disconnectAfter === undefined || !isFor(disconnectAfter, event)) return;
      const messages = (byConnection.get(event.clientId) ?? 0) + 1;
      byConnection.set(event.clientId, messages);
      if (messages !== disconnectAfter.messages) return;
      // The PUBACK of this message comes first.
      queueMicrotask(() => faults().disconnectClient(event.clientId, ReasonCode[disconnectAfter.reasonCode]));
    },
  };
}

/** Times of a fault that lasts until the file changes. */
const always = Infinity;

function setCounted(faults: Faults, settings: FaultSettings): void {
  const { refuseConnections, refusePublishes, dropConnacks, dropPubacks, dropSubacks } = settings;
  if (refuseConnections !== undefined) {
    const { times = always, reasonCode, clientId } = refuseConnections;
    faults.refuseConnections(times, ReasonCode[reasonCode], clientId);
  }
  if (refusePublishes?.everyNth === 1) {
    faults.answerPublishes(always, ReasonCode[refusePublishes.reasonCode], refusePublishes.clientId);
  }
  if (dropConnacks !== undefined) faults.dropConnacks(dropConnacks.times ?? always, dropConnacks.clientId);
  if (dropPubacks !== undefined) faults.dropPubacks(dropPubacks.times ?? always, dropPubacks.clientId);
  if (dropSubacks !== undefined) faults.dropSubacks(dropSubacks.times ?? always, dropSubacks.clientId);
}

type RefusedPublishes = NonNullable<FaultSettings["refusePublishes"]>;

/** The broker answers what comes next, so the fault is set one message before. */
function armNext(faults: Faults, { everyNth, reasonCode, clientId }: RefusedPublishes, published: number): void {
  if ((published + 1) % everyNth === 0) faults.answerPublishes(1, ReasonCode[reasonCode], clientId);
}

function isFor(fault: { readonly clientId?: string | undefined }, event: { readonly clientId: string }): boolean {
  return fault.clientId === undefined || fault.clientId === event.clientId;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
