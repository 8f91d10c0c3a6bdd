import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { createFaults } from "../../../cli/demo/faults.ts";
import { serveDemoPage, type DemoPage } from "../../../cli/demo/page.ts";
import { ask } from "../../support/http.ts";

let page: DemoPage;
let relay: Server | undefined;
let acts: string[];

beforeEach(async () => {
  acts = [];
  page = await serveDemoPage();
});

afterEach(() => {
  page.close();
  relay?.close();
  relay = undefined;
});

async function show(): Promise<void> {
  relay = createServer(({ url, headers }, answer) => answer.end(JSON.stringify({ url, host: headers.host })));
  await new Promise<void>((resolve) => relay?.listen(0, "127.0.0.1", resolve));
  const { port } = relay.address() as AddressInfo;
  page.show(port, createFaults({ set: (state) => acts.push(state) }, { revokePublisher: () => undefined }));
}

const json = { "content-type": "application/json" };
const cut = JSON.stringify({ id: "cut", isOn: true });

test("asks to wait while there is no relay", async () => {
  expect(await ask(page.address, "/api/status")).toMatchObject({ status: 503 });
  expect(await ask(page.address, "/demo/faults")).toMatchObject({ status: 200, text: "[]" });
});

test("hands the relay's answers on", async () => {
  await show();

  const { status, text } = await ask(page.address, "/api/history?dataflow=a");

  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ url: "/api/history?dataflow=a" });
});

test("makes a fault for its own page, and says which there are", async () => {
  await show();

  const { status, text } = await ask(page.address, "/demo/faults", { method: "POST", headers: json, body: cut });

  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject([{ id: "cut", isOn: true }, { id: "slow" }, { id: "role" }]);
  expect(acts).toEqual(["cut"]);
});

test.each([
  ["another page", { ...json, "sec-fetch-site": "cross-site" }, cut, 403],
  ["another name of this host", { ...json, host: "evil.example" }, cut, 421],
  ["a form", { "content-type": "application/x-www-form-urlencoded" }, cut, 415],
  ["nonsense", json, "{", 400],
  ["a fault that there is none of", json, '{"id":"fire","isOn":true}', 400],
])("makes no fault for %s", async (_, headers, body, status) => {
  await show();

  expect((await ask(page.address, "/demo/faults", { method: "POST", headers, body })).status).toBe(status);
  expect(acts).toEqual([]);
});
