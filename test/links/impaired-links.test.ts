import { cleanUp } from "../support/integration.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { compileLink } from "./link.ts";
import { findNamespaces } from "./namespaces.ts";
import { runScenario } from "./run-scenario.ts";
import {
  bigBytes,
  connectTimeoutSeconds,
  drainTimeoutSeconds,
  keepAliveSeconds,
  slowBytesPerSecond,
  type Outcome,
} from "./scenarios.ts";

/** Seconds that a big message takes on the slow link. */
const bigSeconds = bigBytes / slowBytesPerSecond;
/** What delivery at least once may repeat: what was on its way, and its PUBACK with it, when a connection was lost. */
const mostInFlight = 20;
/** A connection is found dead at the latest after one and a half keep-alive intervals beyond the last PINGREQ. @see MQTT 5.0 §3.1.2.10 */
const foundSeconds = 2.5 * keepAliveSeconds;
const reconnectSeconds = 5;

describeWithParts(
  ["cc", "ip", "mosquitto", "network namespaces"],
  ([compiler]) => {
    let program: string;

    beforeAll(() => {
      program = compileLink(compiler, createTemporaryFolder("link"));
    });

    afterAll(cleanUp);

    /** Declares one scenario, which runs beside others: each waits for its link more than for the machine. */
    function scenario(sentence: string, name: string, check: (outcome: Outcome) => void): void {
      test.concurrent(sentence, async () => {
        const outcome = await runScenario(name, program);
        try {
          check(outcome);
        } catch (error) {
          process.stderr.write(`${name}: the relay's last warnings:\n${outcome.relayLog.join("\n")}\n`);
          throw error;
        }
      });
    }

    function expectAll({ published, delivered, lost, corrupted }: Outcome): void {
      expect({ delivered, lost, corrupted }).toEqual({ delivered: published, lost: 0, corrupted: 0 });
    }

    function expectOnce(outcome: Outcome): void {
      expectAll(outcome);
      expect(outcome.duplicated).toBe(0);
    }

    for (const [what, name] of [
      ["without TLS", "slow-uplink"],
      ["with TLS", "slow-uplink-tls"],
    ] as const)
      scenario(
        `512 KB go up a link of 64 kbit/s once, in about the time that it needs, and so do the messages around it (${what})`,
        name,
        (outcome) => {
          expectOnce(outcome);
          expect(outcome.measured["seconds"]).toBeLessThan(2 * bigSeconds);
        },
      );

    scenario(
      "512 KB come down a link of 64 kbit/s once, though SUBACK and then PINGRESP wait behind large messages",
      "slow-downlink",
      (outcome) => {
        expectOnce(outcome);
        expect(outcome.measured["seconds"]).toBeLessThan(3 * bigSeconds);
      },
    );

    for (const [what, name] of [
      ["first", "far-dead-address-first"],
      ["last", "far-dead-address-last"],
    ] as const)
      scenario(
        `a broker with a round trip of 600 ms is reached, though its name has a dead address too (${what})`,
        name,
        (outcome) => {
          expectOnce(outcome);
          expect(outcome.measured["secondsUntilReady"]).toBeLessThan(2 * connectTimeoutSeconds);
        },
      );

    for (const [what, name] of [
      ["up", "lossy-uplink"],
      ["down", "lossy-downlink"],
    ] as const)
      scenario(`a link that loses every fifth packet loses no message (${what})`, name, (outcome) => {
        expectAll(outcome);
        expect(outcome.duplicated).toBeLessThanOrEqual(mostInFlight);
      });

    for (const [what, name] of [
      ["destination's, is forgotten by the line", "forgotten-uplink"],
      ["source's, is forgotten by the line", "forgotten-downlink"],
      ["destination's, is lost with the broker's address", "moved-destination"],
      ["source's, is lost with the broker's address", "moved-source"],
    ] as const)
      scenario(
        `a connection, the ${what} without a word, and is replaced within the time that keep-alive takes`,
        name,
        (outcome) => {
          expectAll(outcome);
          expect(outcome.duplicated).toBeLessThanOrEqual(mostInFlight);
          expect(outcome.measured["secondsUntilAll"]).toBeLessThan(foundSeconds + reconnectSeconds);
        },
      );

    scenario(
      "a name server that is silent about one broker keeps no dataflow from the other one",
      "silent-name",
      (outcome) => {
        expect(outcome.measured["secondsUntilBack"]).toBeLessThan(2 * reconnectSeconds);
        expectOnce(outcome);
      },
    );

    scenario(
      "a relay that is told to stop delivers first what it has acknowledged, though its destination has QoS 0 and is slow",
      "stop-on-slow-uplink",
      (outcome) => {
        expectOnce(outcome);
        expect(outcome.measured["exitCode"]).toBe(0);
        expect(outcome.measured["secondsUntilEnd"]).toBeLessThan(drainTimeoutSeconds + reconnectSeconds);
      },
    );

    scenario(
      "a connection that is replaced for a new token delivers first what was acknowledged, though it has QoS 0 and is slow",
      "renew-on-slow-uplink",
      expectOnce,
    );

    scenario(
      "a relay that is told to stop while its destination is silent ends, and loses nothing",
      "stop-on-silent-uplink",
      (outcome) => {
        expectAll(outcome);
        expect(outcome.measured["secondsUntilEnd"]).toBeLessThan(2 * reconnectSeconds);
      },
    );
  },
  findNamespaces,
);
