import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { ConnectionError } from "../../../runtime/contract/errors.ts";
import { createMounts } from "../../../runtime/identity/mounts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

/** Writes files below a new folder, by their path. */
function mount(files: Readonly<Record<string, string>>): string {
  const folder = createTemporaryFolder("mounts");
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  return folder;
}

describe("readSecret", () => {
  test("reads a key as it is", async () => {
    const folder = mount({ "secrets/broker/password": "p w\n" });

    expect(String(await createMounts(folder).readSecret("broker", "password"))).toBe("p w\n");
  });

  test("reads it anew each time, since Kubernetes swaps it in place", async () => {
    const folder = mount({ "secrets/broker/..1/key": "one", "secrets/broker/..2/key": "two" });
    const link = path.join(folder, "secrets/broker");
    symlinkSync("..1", path.join(link, "..data"));
    symlinkSync("..data/key", path.join(link, "key"));
    const mounts = createMounts(folder);
    expect(String(await mounts.readSecret("broker", "key"))).toBe("one");

    symlinkSync("..2", path.join(link, "..data_tmp"));
    renameSync(path.join(link, "..data_tmp"), path.join(link, "..data"));

    expect(String(await mounts.readSecret("broker", "key"))).toBe("two");
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ["is not mounted", {}],
    ["lacks the key", { "secrets/broker/other": "x" }],
    ["has an empty file for it", { "secrets/broker/password": "" }],
    ["has a file of white space for it", { "secrets/broker/password": " \n" }],
  ])("says what to mount when the Secret %s", async (_case, files) => {
    const reading = createMounts(mount(files)).readSecret("broker", "password");

    await expect(reading).rejects.toBeInstanceOf(ConnectionError);
    await expect(reading).rejects.toMatchObject({
      retry: "soon",
      message: expect.stringMatching(/secrets\/broker\/password.*; mount the Secret "broker" with the key "password"$/),
    });
  });
});

describe("listSecret", () => {
  test("lists the keys in order, without the links of Kubernetes", async () => {
    const folder = mount({ "secrets/broker/tls.key": "k", "secrets/broker/tls.crt": "c", "secrets/broker/..data": "" });

    expect(await createMounts(folder).listSecret("broker")).toEqual(["tls.crt", "tls.key"]);
  });

  test("is empty for a Secret that is not mounted", async () => {
    expect(await createMounts(mount({})).listSecret("broker")).toEqual([]);
  });
});

describe("readConfigMap", () => {
  test("reads every key, in order: all of them are trusted", async () => {
    const folder = mount({
      "configmaps/trust/b.crt": "B",
      "configmaps/trust/a.pem": "A",
      "configmaps/trust/..data": "-",
    });

    expect(await createMounts(folder).readConfigMap("trust")).toEqual([
      { name: "a.pem", text: "A" },
      { name: "b.crt", text: "B" },
    ]);
  });

  test("leaves empty keys out", async () => {
    const folder = mount({ "configmaps/trust/a.crt": "A", "configmaps/trust/b.crt": "\n" });

    expect(await createMounts(folder).readConfigMap("trust")).toEqual([{ name: "a.crt", text: "A" }]);
  });

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ["is not mounted", {}, /configmaps\/trust has no files/],
    ["has no keys", { "configmaps/trust/..data": "" }, /configmaps\/trust has no files/],
    [
      "has only empty keys",
      { "configmaps/trust/a.crt": "", "configmaps/trust/b.crt": "" },
      /trust has only empty files/,
    ],
  ])("says what to mount when the ConfigMap %s", async (_case, files, problem) => {
    const reading = createMounts(mount(files)).readConfigMap("trust");

    await expect(reading).rejects.toThrow(problem);
    await expect(reading).rejects.toThrow(/; mount the ConfigMap "trust" with a CA certificate in PEM$/);
  });
});

describe("readToken", () => {
  test("reads the token of an endpoint without the line break that an editor adds", async () => {
    const folder = mount({ "tokens/edge": "header.payload.signature\n" });

    expect(String(await createMounts(folder).readToken("edge"))).toBe("header.payload.signature");
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ["is missing", {}],
    ["is empty: Kubernetes has not filled it yet", { "tokens/edge": "" }],
    ["is a line break", { "tokens/edge": "\n" }],
  ])("says what to mount when the token %s", async (_case, files) => {
    const reading = createMounts(mount(files)).readToken("edge");

    await expect(reading).rejects.toMatchObject({
      retry: "soon",
      message: expect.stringMatching(/tokens\/edge.*; mount a projected service account token at it$/),
    });
  });

  test("says so in one line when the file may not be read", async () => {
    const folder = mount({ "tokens/edge/is-a-folder": "x" });

    await expect(createMounts(folder).readToken("edge")).rejects.toThrow(/^EISDIR: [^\n]*; mount a projected [^\n]*$/);
  });
});
