import type { Problem } from "../../runtime/contract/errors.ts";

/** What two configurations of a relay say of its dataflows, as far as the disk is concerned. */
export interface DiskQueues {
  readonly dataflows?: {
    readonly [name: string]: {
      readonly mode?: string;
      readonly relay?: { readonly spool?: { readonly mode?: string } };
    };
  };
}

/** Warns of dataflows that no longer deliver what may wait in their disk queue, while the disk stays with the relay. */
export function findLeftQueues(before: DiskQueues, after: DiskQueues): Problem[] {
  const isDelivered = ({ dataflows = {} }: DiskQueues, name: string) =>
    dataflows[name]?.mode === "Enabled" && dataflows[name].relay?.spool?.mode === "Enabled";
  return Object.keys(before.dataflows ?? {})
    .filter((name) => isDelivered(before, name) && !isDelivered(after, name))
    .map((name) => ({
      path: `dataflows.${name}`,
      problem: "had a disk queue, and nothing delivers what is still in it",
      remedy: "leave it as it is, with spool.mode Enabled, until relay_spool_messages is 0",
    }));
}
