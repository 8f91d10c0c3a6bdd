import { setTimeout as delay } from "node:timers/promises";

import { anySignal, proxyOf, restartRelay, until, type Fault } from "./fault.ts";
import { between, pick } from "./random.ts";
import type { Stage } from "./stage.ts";

type Side = "source" | "destination";

/**
 * Renewed credentials are noticed at once, or, when they came while a connection was being made, at the next look after
 * 30 s; connections that they replace are spread over 5 s.
 */
const renewalMs = 45_000;
/** A replacement waits for a refusal of TLS, and brings the old connection to rest: within this time most of it happens. */
const replacementMs = 800;

/** What happens at the moment when a connection is being replaced. */
const moments: Readonly<Record<string, (stage: Stage, side: Side, next: number) => unknown>> = {
  Calmly: () => undefined,
  WhileSlow: () => undefined,
  AndLoseOld: (stage, side, next) => {
    proxyOf(stage, side).cut(pick(stage.random, ["end", "reset"]), (connection) => connection !== next);
  },
  AndLoseNew: (stage, side, next) => {
    proxyOf(stage, side).cut("end", (connection) => connection === next);
  },
  AndLoseOther: (stage, side) => {
    proxyOf(stage, side === "source" ? "destination" : "source").cut(pick(stage.random, ["end", "reset"]));
  },
  AndSilence: (stage, side) => {
    proxyOf(stage, side).silenceOpen();
  },
  AndStop: (stage) => restartRelay(stage, anySignal(stage)),
};

/** Renews a certificate or access token, waits for the connection that it asks for, and disturbs it. */
async function renew(stage: Stage, side: Side, moment: string): Promise<void> {
  const { credentials, random, ledger } = stage;
  const proxy = proxyOf(stage, side);
  const before = proxy.connections;
  if (moment === "WhileSlow") {
    proxy.setPace({ bytesPerSecond: between(random, 100_000, 400_000) });
    stage.release();
  }
  await credentials[side].renew();
  if (await until(renewalMs, () => proxy.connections > before)) {
    const next = proxy.connections;
    if (side === "destination" && moment === "WhileSlow") ledger.noteReplacing();
    stage.release();
    await delay(between(random, 0, replacementMs));
    await moments[moment]?.(stage, side, next);
  } else stage.complaints.push(`the ${side}'s credentials were renewed, and no connection came within ${renewalMs} ms`);
  if (moment !== "WhileSlow") return;
  await delay(between(random, 0, 2 * replacementMs));
  proxy.setPace();
}

/** A token goes out by AUTH: at about that moment the connection or the other one is lost, or the answer is. */
async function renewToken(stage: Stage, side: Side): Promise<void> {
  const { credentials, random, ledger } = stage;
  const proxy = proxyOf(stage, side);
  const before = { auths: ledger.auths, connections: proxy.connections };
  const isLost = random() < 0.3;
  if (isLost) ledger.faults.dropAuths = 1;
  await credentials[side].renew();
  stage.release();
  // The folder is looked at after 100 ms.
  await delay(between(random, 80, 200));
  if (!isLost && random() < 0.7) {
    const lost = pick(random, ["source", "destination"] as const);
    proxyOf(stage, lost).cut(pick(random, ["end", "reset"]));
  }
  await delay(between(random, 0, replacementMs));
  if (!(await until(renewalMs, () => ledger.auths > before.auths || proxy.connections > before.connections)))
    stage.complaints.push(`the ${side}'s token was renewed, and not shown within ${renewalMs} ms`);
  ledger.faults.dropAuths = 0;
}

function isReplaced({ scene }: Stage, side: Side): boolean {
  return ["certificate", "accessToken"].includes(scene[side].credential);
}

const sides = ["source", "destination"] as const;

/** Renewals, by side and by what happens meanwhile: `renewSourceAndLoseOld`. */
export const renewals: Readonly<Record<string, Fault>> = Object.fromEntries(
  sides.flatMap((side): [string, Fault][] => {
    const name = side === "source" ? "Source" : "Destination";
    const replaced = Object.keys(moments).map((moment): [string, Fault] => [
      `renew${name}${moment}`,
      {
        isPossible: (stage) => isReplaced(stage, side),
        act: (stage) => renew(stage, side, moment),
        hasMoment: true,
      },
    ]);
    const shown: Fault = {
      isPossible: ({ scene }) => scene[side].credential === "token",
      act: (stage) => renewToken(stage, side),
      hasMoment: true,
    };
    return [...replaced, [`renew${name}Token`, shown]];
  }),
);
