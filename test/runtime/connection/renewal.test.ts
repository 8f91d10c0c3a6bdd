import { setTimeout as delay } from "node:timers/promises";

import type { CredentialChange } from "../../../runtime/identity/credentials.ts";
import { keepRenewed } from "../../../runtime/connection/renewal.ts";

const used = { proof: {} };
const reconnect: CredentialChange = { kind: "reconnect", what: 'client certificate "relay"' };
const token = (text: string): CredentialChange => ({ kind: "token", data: Buffer.from(text) });

/** One connection whose AUTHs and replacements a test answers. */
function bench({ isOpen = true, replacements = [] as (Error | undefined)[] } = {}) {
  const shown: { text: string; accept: () => void; refuse: () => void }[] = [];
  const lines: string[] = [];
  let replaced = 0;
  let change: (given: CredentialChange) => void = () => undefined;
  let isWatching = true;
  const end = keepRenewed(
    {
      isOpen,
      reauthenticate: async (data) =>
        new Promise((resolve, reject) => {
          shown.push({
            text: data.toString(),
            accept: resolve,
            refuse: () => {
              reject(new Error("refused"));
            },
          });
        }),
    },
    used,
    async () => {
      replaced++;
      const failure = replacements.shift();
      if (failure !== undefined) throw failure;
    },
    {
      source: {
        watch: (_used, onChange) => {
          change = onChange;
          return () => (isWatching = false);
        },
      },
      backoff: { minDelayMs: 1, maxDelayMs: 2 },
      random: () => 0,
      log: {
        info: (...args: unknown[]) => lines.push(String(args.at(-1))),
        warn: (...args: unknown[]) => lines.push(String(args.at(-1))),
      },
    },
  );
  return {
    shown,
    lines,
    end,
    change: (given: CredentialChange) => {
      change(given);
    },
    replaced: () => replaced,
    isWatching: () => isWatching,
  };
}

test("shows a newer token on the live connection and replaces nothing", async () => {
  const { change, shown, replaced, lines } = bench();

  change(token("a"));
  shown[0]!.accept();
  await delay(5);

  expect(shown.map(({ text }) => text)).toEqual(["a"]);
  expect(lines).toEqual(["re-authenticated"]);
  expect(replaced()).toBe(0);
});

test("shows one token at a time, and of those that come meanwhile only the newest", async () => {
  const { change, shown } = bench();

  change(token("a"));
  change(token("b"));
  change(token("c"));
  expect(shown.map(({ text }) => text)).toEqual(["a"]);
  shown[0]!.accept();
  await delay(5);
  shown[1]!.accept();
  await delay(5);

  expect(shown.map(({ text }) => text)).toEqual(["a", "c"]);
});

test("replaces a connection that is still open after a failed AUTH", async () => {
  const { change, shown, replaced } = bench();

  change(token("a"));
  shown[0]!.refuse();
  await delay(20);

  expect(replaced()).toBe(1);
});

test("leaves a connection that the server has ended to be made again", async () => {
  const { change, shown, replaced } = bench({ isOpen: false });

  change(token("a"));
  shown[0]!.refuse();
  await delay(20);

  expect(replaced()).toBe(0);
});

test("replaces the connection for what counts only at its start, again until it is done", async () => {
  const { change, replaced, lines } = bench({ replacements: [new Error("unknown CA"), new Error("unknown CA")] });

  change(reconnect);
  await delay(50);

  expect(replaced()).toBe(3);
  const failed = "connection not replaced: the one that is open goes on, will retry";
  const trying = "replacing the connection";
  expect(lines).toEqual([trying, failed, trying, failed, trying]);
});

test("ends with the connection, what is under way included", async () => {
  const { change, replaced, end, isWatching } = bench({ replacements: [new Error("no"), new Error("no")] });

  change(reconnect);
  end();
  await delay(20);

  expect(replaced()).toBe(0);
  expect(isWatching()).toBe(false);
});
