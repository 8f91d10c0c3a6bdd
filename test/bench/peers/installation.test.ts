import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { hashOfFiles } from "../../../bench/peers/installation.ts";
import { paho } from "../../../bench/peers/paho.ts";
import { rumqttc } from "../../../bench/peers/rumqttc.ts";
import { rustPackageVersion } from "../../../bench/peers/rust-programs.ts";

const folder = mkdtempSync(path.join(tmpdir(), "installation-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("names a program by the content of its files, so that it is built again when one changes", async () => {
  writeFileSync(path.join(folder, "a"), "1");
  writeFileSync(path.join(folder, "b"), "2");
  const before = await hashOfFiles(folder, ["a", "b"]);
  const again = await hashOfFiles(folder, ["a", "b"]);

  writeFileSync(path.join(folder, "b"), "3");
  const after = await hashOfFiles(folder, ["a", "b"]);

  expect(before).toMatch(/^[0-9a-f]{12}$/);
  expect(again).toBe(before);
  expect(after).not.toBe(before);
});

test("tells the version of rumqttc that its bridge is built with", async () => {
  const manifest = readFileSync(path.join(import.meta.dirname, "../../../bench/peers/rust/Cargo.toml"), "utf8");

  const version = await rustPackageVersion("rumqttc");

  expect(manifest).toContain(`rumqttc = { version = "${version}"`);
});

test.each([rumqttc, paho])("builds nothing for $title when nothing may be installed, and says so", async (peer) => {
  await expect(peer.install(folder, false)).rejects.toThrow("leave out --installed-only to install it");
});
