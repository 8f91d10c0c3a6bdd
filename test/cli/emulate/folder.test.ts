import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { openCredentialFolder } from "../../../cli/emulate/folder.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

test("removes a temporary folder at the end, and leaves the one that was asked for", () => {
  const temporary = openCredentialFolder(undefined);
  const asked = openCredentialFolder(path.join(createTemporaryFolder("emulate"), "new"));
  for (const folder of [temporary, asked]) folder.close();

  expect([existsSync(temporary.path), existsSync(asked.path)]).toEqual([false, true]);
});

test("writes secrets for their owner alone, also over a file that others could read", () => {
  const folder = openCredentialFolder(path.join(createTemporaryFolder("emulate"), "new"));
  folder.write("clients/a.key", "first");

  const file = folder.writeSecret("clients/a.key", "second");

  expect({ mode: statSync(file).mode & 0o777, text: readFileSync(file, "utf8") }).toEqual({
    mode: 0o600,
    text: "second",
  });
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
});

test("replaces its own files, and touches no folder with files of someone else", () => {
  const own = createTemporaryFolder("emulate");
  openCredentialFolder(own).close();
  const foreign = createTemporaryFolder("emulate");
  writeFileSync(path.join(foreign, "ca.pem"), "mine");

  expect(() => openCredentialFolder(own)).not.toThrow();
  expect(() => openCredentialFolder(foreign)).toThrow(
    "--certificates: holds files that this command did not write, which it might replace; give a new or empty folder",
  );
  expect(readFileSync(path.join(foreign, "ca.pem"), "utf8")).toBe("mine");
});
