import { execFileSync } from "node:child_process";
import path from "node:path";

import { reserveLookUpThreads, SharedLookUp, type HostNameAddress } from "../../../runtime/transport/look-up.ts";
import { isLinux } from "../../support/real-parts.ts";

const one = [{ address: "192.0.2.1", family: 4 }];
const forever = new AbortController().signal;

/** A DNS that answers when the test says so. */
function scriptedDns() {
  const asked: string[] = [];
  const pending = new Map<string, (answer: readonly HostNameAddress[] | Error) => void>();
  const lookUp = new SharedLookUp(async (hostname) => {
    asked.push(hostname);
    const answer = await new Promise<readonly HostNameAddress[] | Error>((resolve) => pending.set(hostname, resolve));
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return { asked, lookUp, answer: (hostname: string, answer: typeof one | Error) => pending.get(hostname)?.(answer) };
}

describe("SharedLookUp", () => {
  test("asks once for a name, whoever waits for it", async () => {
    const { asked, lookUp, answer } = scriptedDns();

    const waiting = Array.from({ length: 20 }, () => lookUp.find("broker.example", forever));
    answer("broker.example", one);

    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 20 }, () => one));
    expect(asked).toEqual(["broker.example"]);
  });

  test("asks anew once the name was answered", async () => {
    const { asked, lookUp, answer } = scriptedDns();

    for (let round = 0; round < 2; round++) {
      const found = lookUp.find("broker.example", forever);
      answer("broker.example", one);
      await found;
    }

    expect(asked).toHaveLength(2);
  });

  test("tells a failure to all who wait, and asks anew after it", async () => {
    const { asked, lookUp, answer } = scriptedDns();
    const failure = Object.assign(new Error("getaddrinfo ENOTFOUND broker.example"), { code: "ENOTFOUND" });

    const waiting = [lookUp.find("broker.example", forever), lookUp.find("broker.example", forever)];
    answer("broker.example", failure);

    expect(await Promise.allSettled(waiting)).toEqual(waiting.map(() => ({ status: "rejected", reason: failure })));
    lookUp.find("broker.example", forever).catch(() => undefined);
    expect(asked).toHaveLength(2);
  });

  test("releases who gives up, with a word about the DNS, and lets a later caller join the look-up", async () => {
    const { asked, lookUp, answer } = scriptedDns();
    const late = new AbortController();

    const first = lookUp.find("broker.example", late.signal);
    late.abort(new Error("no connection within 30000 ms"));
    await expect(first).rejects.toThrow('the DNS has not answered for "broker.example": no connection within 30000 ms');
    const second = lookUp.find("broker.example", forever);
    answer("broker.example", one);

    expect(await second).toEqual(one);
    expect(asked).toHaveLength(1);
  });

  test("lets a look-up fail for which nobody waits any longer", async () => {
    const { lookUp, answer } = scriptedDns();
    const late = new AbortController();
    const found = lookUp.find("broker.example", late.signal);
    late.abort(new Error("late"));
    await expect(found).rejects.toThrow("late");

    answer("broker.example", new Error("EAI_AGAIN"));
    await new Promise((resolve) => setImmediate(resolve));
  });

  test("does not let a name wait for another one", async () => {
    const { lookUp, answer } = scriptedDns();
    lookUp.find("silent.example", forever).catch(() => undefined);

    const found = lookUp.find("broker.example", forever);
    answer("broker.example", one);

    expect(await found).toEqual(one);
  });

  test.each([
    ["192.0.2.7", 4],
    ["2001:db8::7", 6],
  ])("asks nobody for %s", async (address, family) => {
    const { asked, lookUp } = scriptedDns();

    expect(await lookUp.find(address, forever)).toEqual([{ address, family }]);
    expect(asked).toEqual([]);
  });

  test("asks nobody once its caller has given up", async () => {
    const { asked, lookUp } = scriptedDns();

    await expect(lookUp.find("broker.example", AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
    expect(asked).toEqual([]);
  });
});

describe("reserveLookUpThreads", () => {
  test.each([
    [0, "4"],
    [6, "16"],
    [5000, "1024"],
  ])("for %d names sets the size of the pool to %s", (names, expected) => {
    const environment: NodeJS.ProcessEnv = {};

    reserveLookUpThreads(names, environment);

    expect(environment["UV_THREADPOOL_SIZE"]).toBe(expected);
  });

  test("leaves a size that the operator has set", () => {
    const environment = { UV_THREADPOOL_SIZE: "7" };

    reserveLookUpThreads(6, environment);

    expect(environment.UV_THREADPOOL_SIZE).toBe("7");
  });

  // A process of its own: in this one the pool is running.
  (isLinux("threads of a process, from /proc") ? test : test.skip)("has effect on a process that runs already", () => {
    const module = path.resolve("runtime/transport/look-up.ts");
    const script = `
      import fs from "node:fs";
      import { reserveLookUpThreads } from ${JSON.stringify(module)};
      reserveLookUpThreads(6);
      fs.readFile("/proc/self/stat", () => {
        const names = fs.readdirSync("/proc/self/task").map((task) => fs.readFileSync("/proc/self/task/" + task + "/comm", "utf8"));
        console.log(names.filter((name) => name.startsWith("libuv-worker")).length);
      });`;
    const { UV_THREADPOOL_SIZE: _none, ...env } = process.env;

    const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { env, encoding: "utf8" });

    expect(out.trim()).toBe("16");
  });
});
