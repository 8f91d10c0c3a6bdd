import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import * as logModule from "../../runtime/report/log.ts";
import { ConfigError } from "../../runtime/contract/errors.ts";
import {
  ExitCode,
  parseConnectTo,
  readJoinSeconds,
  readOrdinal,
  runRelay,
  type RunOptions,
} from "../../runtime/run.ts";
import { findFreePort } from "../support/free-port.ts";
import { listeningAddresses } from "../support/listening.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { buildDocument } from "./contract/config/build-document.ts";
import { ScriptedListener } from "./mqtt/scripted-broker.ts";

// With a factory: the set-up of all tests has one for this module, which would win over a mock without.
jest.mock("../../runtime/report/log.ts", () => ({
  ...jest.requireActual<typeof logModule>("../../runtime/report/log.ts"),
  createLog: jest.fn(),
}));

afterAll(removeTemporaryFolders);

/** What the relay logs, instead of on standard output. */
let lines: Record<string, unknown>[];

beforeEach(() => {
  lines = [];
  const { createLog } = jest.requireActual<typeof logModule>("../../runtime/report/log.ts");
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
  jest.mocked(logModule.createLog).mockImplementation((level) => createLog(level, { write }));
});

describe("parseConnectTo", () => {
  test.each([
    [[], []],
    [["broker.example:8883=127.0.0.1:18883"], [["broker.example:8883", { hostname: "127.0.0.1", port: 18_883 }]]],
    [["[::1]:1883=[::1]:2883"], [["::1:1883", { hostname: "::1", port: 2883 }]]],
    [
      ["a.example:1=127.0.0.1:2", "b.example:3=127.0.0.1:4"],
      [
        ["a.example:1", { hostname: "127.0.0.1", port: 2 }],
        ["b.example:3", { hostname: "127.0.0.1", port: 4 }],
      ],
    ],
  ])("reads %j", (values, expected) => {
    expect([...parseConnectTo(values)]).toEqual(expected);
  });

  test.each(["", "broker.example:8883", "broker.example:8883=", "=127.0.0.1:1", "a:1=b", "a:1=b:0", "a:1=b:2=c:3"])(
    'refuses "%s", and says the form',
    (value) => {
      expect(() => parseConnectTo([value])).toThrow(
        `--connect-to: is "${value}"; give "<host>:<port>=<address>:<port>"`,
      );
    },
  );

  test("says nothing of a user and a password", () => {
    const refuse = () => parseConnectTo(["broker.example:8883=mqtts://plant:hun=ter2/3@127.0.0.1:18883"]);

    expect(refuse).toThrow(/--connect-to: is "…@127\.0\.0\.1:18883"; give/);
    expect(refuse).not.toThrow(/plant|hun|ter2/);
  });

  test("names everything that it refuses at once", () => {
    const problemsOf = () => {
      try {
        parseConnectTo(["one", "a:1=b:2", "two"]);
      } catch (error) {
        if (error instanceof ConfigError) return error.problems.map(({ problem }) => problem);
      }
      return [];
    };

    expect(problemsOf()).toEqual(['is "one"', 'is "two"']);
  });
});

describe("readOrdinal", () => {
  test.each([
    [undefined, 0],
    ["0", 0],
    ["7", 7],
    ["0019", 19],
    ["9999", 9999],
  ])("reads %s as %d", (given, expected) => {
    expect(readOrdinal(given)).toBe(expected);
  });

  test.each(["", "-1", "1.5", "x", "relay-0", "10000", " 1"])('refuses "%s"', (given) => {
    expect(() => readOrdinal(given)).toThrow(`RELAY_ORDINAL: is "${given}"; give the number of this instance, from 0`);
  });
});

describe("readJoinSeconds", () => {
  test.each([
    [undefined, 0],
    ["0", 0],
    ["30", 30],
    ["999", 999],
  ])("reads %s as %d", (given, expected) => {
    expect(readJoinSeconds(given)).toBe(expected);
  });

  test.each(["", "-1", "1.5", "x", "1000", " 1"])('refuses "%s"', (given) => {
    expect(() => readJoinSeconds(given)).toThrow(
      `RELAY_JOIN_SECONDS: is "${given}"; give the seconds that a new instance waits before it subscribes, 0 to 999`,
    );
  });
});

describe("runRelay", () => {
  let said: string;

  beforeEach(() => {
    said = "";
    jest.spyOn(process.stderr, "write").mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => {
    delete process.env["RELAY_ORDINAL"];
  });

  function optionsFor(text: string, change: Partial<RunOptions> = {}): RunOptions {
    const configFile = path.join(createTemporaryFolder("run"), "config.json");
    writeFileSync(configFile, text);
    return { configFile, connectTo: [], metricsPort: 0, pagePort: 0, ...change };
  }

  test.each<[string, () => RunOptions, string]>([
    ["is not there", () => ({ configFile: "/nowhere/config.json", connectTo: [] }), "ENOENT"],
    ["is no JSON", () => optionsFor("{"), "is not JSON"],
    ["has a problem", () => optionsFor(JSON.stringify({ endpoints: {}, dataflows: {} })), "dataflows: "],
  ])("says what is wrong with a configuration that %s, and ends with 2", async (_case, options, text) => {
    const given = options();

    expect(await runRelay(given)).toBe(ExitCode.badConfiguration);
    expect(said).toContain(given.configFile);
    expect(said).toContain(text);
  });

  test.each<[string, () => Partial<RunOptions>]>([
    ["--connect-to", () => ({ connectTo: ["nonsense"] })],
    [
      "RELAY_ORDINAL",
      () => {
        process.env["RELAY_ORDINAL"] = "x";
        return {};
      },
    ],
  ])("says what is wrong with %s, and ends with 2", async (name, change) => {
    const options = optionsFor(JSON.stringify(buildDocument()), change());

    expect(await runRelay(options)).toBe(ExitCode.badConfiguration);
    expect(said).toContain(`${name}: is "`);
  });

  describe("with a configuration that is right", () => {
    let source: ScriptedListener;
    let destination: ScriptedListener;

    beforeEach(async () => {
      source = await ScriptedListener.open();
      destination = await ScriptedListener.open();
    });
    afterEach(() => {
      source.close();
      destination.close();
    });

    function run(change: Partial<RunOptions> = {}, more: Record<string, unknown> = {}): Promise<number> {
      const mqttSettings = { authentication: { method: "Anonymous" }, tls: { mode: "Disabled" } };
      const { dataflows } = buildDocument() as { dataflows: { upward: object } };
      const document = buildDocument({
        "endpoints.edge.mqttSettings": { ...mqttSettings, host: source.host },
        "endpoints.cloud.mqttSettings": { ...mqttSettings, host: destination.host },
        "relay.site": "oslo",
        "dataflows.resting": { ...dataflows.upward, mode: "Disabled" },
        ...more,
      });
      return runRelay(optionsFor(JSON.stringify(document), change));
    }

    test("ends with 1 when no dataflow is left that can run", async () => {
      const code = run();

      const to = await destination.next();
      await to.accept();
      const from = await source.next();
      await from.accept();
      await from.grant();
      from.send({ cmd: "publish", qos: 1, messageId: 1, dup: false, retain: false, topic: "a/b", payload: "x" });
      const { messageId = 0 } = await to.next("publish");
      to.send({ cmd: "puback", messageId, reasonCode: 0x90 }); // it stops its dataflow

      expect(await code).toBe(ExitCode.failed);
      expect(lines).toContainEqual(expect.objectContaining({ msg: "no dataflow is left that can run", site: "oslo" }));
    });

    test("says at the start what is not as usual: what is disabled, and what is connected to elsewhere", async () => {
      const code = run({ connectTo: [`${destination.host}=${source.host}`] });

      await (await source.next()).accept(); // it came in the destination's name
      process.emit("SIGTERM", "SIGTERM");
      await code;

      expect(lines.map(({ msg, dataflow, host, to }) => ({ msg, dataflow, host, to }))).toEqual(
        expect.arrayContaining([
          { msg: "dataflow is disabled", dataflow: "resting" },
          { msg: "connecting elsewhere, for development only", host: destination.host, to: source.host },
        ]),
      );
    });

    test("serves the status page on loopback alone, where a port is given or the configuration has one", async () => {
      const pagePort = await findFreePort();
      const code = run({ pagePort }, { "relay.statusPage": { port: 1 } });
      await destination.next();

      const answer = await fetch(`http://127.0.0.1:${pagePort}/api/status`);
      expect(await answer.json()).toMatchObject({ version: 1, relay: { site: "oslo" }, state: "attention" });
      const addresses = listeningAddresses(process.pid).filter((address) => address.endsWith(`:${pagePort}`));
      expect(addresses).toEqual([`127.0.0.1:${pagePort}`]);
      process.emit("SIGTERM", "SIGTERM");
      await code;

      await expect(fetch(`http://127.0.0.1:${pagePort}/api/status`)).rejects.toThrow();
    });

    test("runs without a status page when its port is taken, and says what to do", async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const code = run({ pagePort: (taken.address() as AddressInfo).port });

      await (await destination.next()).accept();
      process.emit("SIGTERM", "SIGTERM");

      expect(await code).toBe(ExitCode.ok);
      expect(lines).toContainEqual(
        expect.objectContaining({
          msg: "the status page can't be served",
          reason: expect.stringContaining("EADDRINUSE"),
          remedy: "set relay.statusPage.port to a free port, or to 0 for no page",
        }),
      );
      taken.close();
    });

    test("serves probes where a port is given", async () => {
      const metricsPort = await findFreePort();
      const code = run({ metricsPort });
      const broker = await destination.next();
      await broker.next("connect");

      const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`);
      process.emit("SIGTERM", "SIGTERM");
      await code;

      expect(answer.status).toBe(503);
      await expect(fetch(`http://127.0.0.1:${metricsPort}/livez`)).rejects.toThrow();
    });

    test.each([
      ["the address that it is given alone", "127.0.0.1", /^127\.0\.0\.1:/],
      ["every address without one, as a pod needs it", undefined, /^(\[::\]|0\.0\.0\.0):/],
    ])("serves probes at %s", async (_case, metricsHost, expected) => {
      const metricsPort = await findFreePort();
      const code = run({ metricsPort, ...(metricsHost === undefined ? {} : { metricsHost }) });
      await (await destination.next()).next("connect");

      const addresses = listeningAddresses(process.pid).filter((address) => address.endsWith(`:${metricsPort}`));
      process.emit("SIGTERM", "SIGTERM");
      await code;

      expect(addresses).toEqual([expect.stringMatching(expected)]);
    });

    test("ends with 0 after SIGTERM, and takes its ordinal into the client identifiers", async () => {
      process.env["RELAY_ORDINAL"] = "4";
      const code = run({}, { profile: { instanceCount: 5 } });
      const connect = await (await destination.next()).accept();
      const broker = await source.next();
      await broker.accept();
      await broker.grant();

      process.emit("SIGTERM", "SIGTERM");

      expect(await code).toBe(ExitCode.ok);
      expect(connect.clientId).toBe("upward-4-destination");
      expect(process.listenerCount("SIGTERM")).toBeLessThanOrEqual(1);
    });

    test("as an instance too many it lives, is unready with the reason, and connects to nothing until SIGTERM", async () => {
      process.env["RELAY_ORDINAL"] = "3";
      const metricsPort = await findFreePort();
      const connected = Promise.race([source.next(), destination.next()]);
      const relay = { status: { endpointRef: "edge", topic: "status" } };
      const code = run({ metricsPort }, { profile: { instanceCount: 3 }, relay });
      const probe = (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`);
      while (!lines.some(({ msg }) => msg === "serving probes and metrics")) await delay(5);

      const ready = await probe("/readyz");
      const outcome = await Promise.race([connected.then(() => "connected"), code, delay(300, "waiting")]);

      expect(ready.status).toBe(503);
      expect(await ready.text()).toMatch(/^instance 3 is not one of profile\.instanceCount \(3\): .*; scale the/);
      expect((await probe("/livez")).status).toBe(200);
      expect((await probe("/metrics")).status).toBe(200);
      expect(outcome).toBe("waiting");
      expect(lines).toContainEqual(expect.objectContaining({ level: "error", msg: "this instance runs nothing" }));

      process.emit("SIGTERM", "SIGTERM");
      expect(await code).toBe(ExitCode.ok);
    });
  });
});
