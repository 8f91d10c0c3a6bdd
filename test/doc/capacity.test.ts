import { readFileSync } from "node:fs";
import path from "node:path";

import { checkMemory } from "../../components/relay/check-settings.ts";
import {
  exampleSite,
  instanceNeeds,
  needsOf,
  sessionsOf,
  sitesPerIdentity,
  spoolHours,
} from "../../doc/capacity/needs.ts";
import { renderCapacity } from "../../doc/capacity/page.ts";
import { ringsOf, rolloutSeconds } from "../../doc/capacity/rollout.ts";

test("doc/capacity.md is what the limits say", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/capacity.md"), "utf8");

  if (stored !== renderCapacity()) throw new Error("doc/capacity.md: differs from the limits; run `npm run docs`");
});

test("counts a session for each side at Event Grid and each instance", () => {
  const twice = { ...exampleSite, relay: { image: "relay:1", instanceCount: 2 } };

  expect(sessionsOf(exampleSite)).toBe(2);
  expect(sessionsOf(twice)).toBe(4);
});

test.each([
  [1, 20],
  [5, 20],
  [6, 16],
  [50, 2],
])("an identity with %d sessions a site serves %d sites", (sessions, sites) => {
  expect(sitesPerIdentity({ sessions })).toBe(sites);
});

test("needs the units of what is scarcest: sessions, messages or bytes", () => {
  expect(needsOf(200, { sessions: 2, messagesPerSecond: 1, bytesPerMessage: 100 })).toEqual({
    sessions: 400,
    throughputUnits: 1,
    namespaces: 1,
    identities: 10,
    reconnectSeconds: 2,
  });
  expect(needsOf(200, { sessions: 60, messagesPerSecond: 1, bytesPerMessage: 100 }).throughputUnits).toBe(2);
  expect(needsOf(200, { sessions: 2, messagesPerSecond: 20, bytesPerMessage: 100 }).throughputUnits).toBe(4);
  expect(needsOf(200, { sessions: 2, messagesPerSecond: 20, bytesPerMessage: 2000 }).throughputUnits).toBe(8);
  expect(needsOf(1000, { sessions: 2, messagesPerSecond: 50, bytesPerMessage: 100 }).namespaces).toBe(2);
});

test("a rollout's rings follow one another, and within one so many sites go at a time", () => {
  expect(ringsOf(200)).toEqual([1, 19, 180]);
  expect(ringsOf(1)).toEqual([1]);
  expect(rolloutSeconds([1, 5], 4, { preview: 1, up: 2, settle: 3 })).toBe(6 + 12);
});

test("an instance needs memory and disk for each of its dataflows, as the checks of a preview have it", () => {
  const [one, ten] = [instanceNeeds(1), instanceNeeds(10)];

  expect(checkMemory(one.memoryMebibytes)).toEqual([]);
  expect(checkMemory(one.memoryMebibytes - 1)).toHaveLength(1);
  expect(ten.memoryMebibytes).toBeGreaterThan(one.memoryMebibytes);
  expect(one.spooledMemoryMebibytes).toBeGreaterThan(one.memoryMebibytes);
  expect([one.volumeGibibytes, ten.volumeGibibytes]).toEqual([2, 13]);
});

test("a spool lasts as long as its bytes take what arrives", () => {
  expect(spoolHours({ messagesPerSecond: 1, bytesPerMessage: 1_073_741_824 / 3600 })).toBeCloseTo(1);
});
