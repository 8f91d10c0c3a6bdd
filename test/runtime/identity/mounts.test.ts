import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";

import { ConnectionError } from "../../../runtime/contract/errors.ts";
import { createMounts, type Mounts } from "../../../runtime/identity/mounts.ts";
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

    await expect(createMounts(folder).readToken("edge")).rejects.toThrow(
      /tokens\/edge: is a folder, and no file; mount a projected [^\n]*$/,
    );
  });
});

/** Each way in which something reads a mounted file, and the most bytes that this may have. */
const readers: readonly [string, string, number, (mounts: Mounts) => Promise<unknown>][] = [
  ["certificate or key", "secrets/x/key", 1_048_576, (mounts) => mounts.readSecret("x", "key")],
  ["intermediate certificates", "secrets/x/key", 1_048_576, (mounts) => mounts.readOptionalSecret("x", "key")],
  ["user name, password or access token", "secrets/x/key", 65_535, (mounts) => mounts.readLogin("x", "key")],
  ["CA bundle", "configmaps/x/key", 1_048_576, (mounts) => mounts.readConfigMap("x")],
  ["service account token", "tokens/x", 65_535, (mounts) => mounts.readToken("x")],
];

describe.each(readers)("a mounted %s", (_what, file, bytes, read) => {
  test("is read up to its largest size", async () => {
    const folder = mount({ [file]: "x".repeat(bytes) });

    await expect(read(createMounts(folder))).resolves.toBeDefined();
  });

  test.each([1, 2 ** 40])("is refused by path, size, bound and remedy when it has %i bytes more", async (more) => {
    const folder = mount({ [file]: "" });
    truncateSync(path.join(folder, file), bytes + more);

    const reading = read(createMounts(folder));

    const problem = `${path.join(folder, file)}: has ${bytes + more} bytes, more than ${bytes} bytes, which is all that`;
    await expect(reading).rejects.toBeInstanceOf(ConnectionError);
    await expect(reading).rejects.toMatchObject({
      retry: "soon",
      message: expect.stringMatching(new RegExp(`^${problem} .*; mount [^\\n]*$`)),
    });
  });

  test.each<[string, (at: string) => void]>([
    ["a folder", (at) => mkdirSync(at)],
    ["a named pipe", (at) => execFileSync("mkfifo", [at])],
    ["a device", (at) => symlinkSync("/dev/zero", at)],
  ])("is refused at once when %s stands in its place", async (kind, create) => {
    const folder = mount({});
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    create(path.join(folder, file));

    const reading = read(createMounts(folder));

    await expect(reading).rejects.toThrow(`${path.join(folder, file)}: is ${kind}, and no file; mount `);
  });
});

test("the files of a ConfigMap are held to the size of one ConfigMap together", async () => {
  const files = Object.fromEntries(["a", "b", "c"].map((name) => [`configmaps/x/${name}`, "x".repeat(400_000)]));

  const reading = createMounts(mount(files)).readConfigMap("x");

  await expect(reading).rejects.toThrow(
    /configmaps\/x: its files have more than 1048576 bytes in all, which is all that a ConfigMap can hold; mount the /,
  );
});

test("a folder of very many files is looked at no further", async () => {
  const files = Object.fromEntries(Array.from({ length: 4097 }, (_, at) => [`configmaps/x/${at}`, ""]));

  const reading = createMounts(mount(files)).readConfigMap("x");

  await expect(reading).rejects.toThrow(
    /configmaps\/x: has more than 4096 files; mount one Secret or ConfigMap there, and nothing else$/,
  );
});
