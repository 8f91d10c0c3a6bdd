import { setTimeout as delay } from "node:timers/promises";

import { during, proxyOf, restartRelay, someTime, until, type Fault } from "./fault.ts";
import { between, pick } from "./random.ts";
import type { Stage } from "./stage.ts";

type Side = "source" | "destination";

/** Longest time for a relay to find out by its keep-alive that nothing comes any more. */
const noticeMs = 6000;

function cut(side: Side): Fault {
  return {
    act: (stage) => {
      proxyOf(stage, side).cut(pick(stage.random, ["end", "reset"]));
    },
  };
}

/** For a while nothing gets through, and then everything is reset. */
function goSilent(side: Side): Fault {
  return {
    act: (stage) =>
      during(stage, [100, 4000], (isOn) => {
        proxyOf(stage, side).setSilent(isOn);
      }),
  };
}

/** Nobody says ever that today's connections are gone; new ones work. */
function goHalfOpen(side: Side): Fault {
  return {
    act: async (stage) => {
      const proxy = proxyOf(stage, side);
      const before = proxy.connections;
      proxy.silenceOpen();
      if (stage.random() < 0.5) await until(noticeMs, () => proxy.connections > before);
    },
  };
}

/** A slow link in one direction or both, for so long that bytes wait in the relay and its keep-alive runs out. */
function slowDown(side: Side): Fault {
  return {
    act: async (stage) => {
      const { random, scene } = stage;
      const proxy = proxyOf(stage, side);
      // With QoS 0 the keep-alive is longer, and what is below 80 KB/s explains a loss.
      const isQos0 = scene.destination.qos === 0;
      proxy.setPace({ bytesPerSecond: isQos0 ? between(random, 80_000, 150_000) : between(random, 20_000, 150_000) });
      stage.release();
      await delay(isQos0 ? between(random, 3000, 7000) : between(random, 500, 3000));
      proxy.setPace();
    },
  };
}

/** A relay is told to stop while bytes wait for a slow link that takes them in the time that it has. */
async function slowDownAndStop(stage: Stage): Promise<void> {
  const { random, destinationProxy } = stage;
  destinationProxy.setPace({ bytesPerSecond: between(random, 100_000, 400_000) });
  stage.release();
  await delay(someTime(stage, 50, 1500));
  await restartRelay(stage, "SIGTERM");
  destinationProxy.setPace();
}

/** Faults of the links between the relay and its brokers. */
export const links: Readonly<Record<string, Fault>> = {
  cutSource: cut("source"),
  cutDestination: cut("destination"),
  halfOpenSource: goHalfOpen("source"),
  halfOpenDestination: goHalfOpen("destination"),
  silentSource: goSilent("source"),
  silentDestination: goSilent("destination"),
  slowSource: { ...slowDown("source"), hasMoment: true },
  slowDestination: { ...slowDown("destination"), hasMoment: true },
  slowDestinationAndStop: { act: slowDownAndStop, hasMoment: true },
  delaySource: {
    act: (stage) => {
      const delayMs = between(stage.random, 1, 100);
      return during(stage, [100, 1500], (isOn) => {
        stage.sourceProxy.setPace(isOn ? { delayMs } : {});
      });
    },
  },
  throttleDestination: {
    act: (stage: Stage) => {
      const bytesPerSecond = between(stage.random, 10_000, 200_000);
      return during(stage, [100, 2500], (isOn) => {
        stage.destinationProxy.setPace(isOn ? { bytesPerSecond } : {});
      });
    },
  },
};
