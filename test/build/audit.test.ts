import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import { findFreePort } from "../support/free-port.ts";

const root = path.join(import.meta.dirname, "../..");

/** Runs the check against a registry on loopback. */
async function audit(port: number): Promise<{ code: number; said: string }> {
  const env = {
    ...process.env,
    npm_config_registry: `http://127.0.0.1:${port}/`,
    npm_config_fetch_retries: "0",
    npm_config_update_notifier: "false",
  };
  const { promise, resolve } = Promise.withResolvers<{ code: number; said: string }>();
  execFile(process.execPath, [".ci/audit.js"], { cwd: root, env }, (error, stdout, stderr) => {
    resolve({ code: Number(error?.code ?? 0), said: stdout + stderr });
  });
  return promise;
}

/** Answers an audit with advisories by name of the package, or with a status that is none of success. */
async function withRegistry<T>(
  answer: number | object,
  use: (port: number, asked: string[]) => Promise<T>,
): Promise<T> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      if (body.length > 0) asked.push(...Object.keys(JSON.parse(String(gunzipSync(body))) as object));
      // What npm then looks up of a package itself is not there, which it takes.
      const isAudit = request.method === "POST";
      response.writeHead(typeof answer === "number" ? answer : isAudit ? 200 : 404, {
        "content-type": "application/json",
      });
      response.end(typeof answer === "number" ? "" : JSON.stringify(answer));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use((server.address() as AddressInfo).port, asked);
  } finally {
    server.close();
  }
}

const advisory = { id: 1, url: "https://advisories.example/1", title: "a hole", severity: "low" };

test("a known vulnerability fails the check, and is named", async () => {
  const { code, said } = await withRegistry({ ws: [{ ...advisory, vulnerable_versions: "<999.0.0" }] }, audit);

  expect(code).toBe(1);
  expect(said).toContain("a hole https://advisories.example/1");
});

test("none passes, and the registry was asked for what a user installs and not for our tools", async () => {
  await withRegistry({}, async (port, asked) => {
    const { code, said } = await audit(port);

    expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/^none known in [0-9]{2,} packages\n$/) });
    expect(asked).toEqual(expect.arrayContaining(["mqtt", "ws", "@azure/identity"]));
    expect(asked).not.toContain("jest");
  });
});

test.each([405, 503])(
  "a registry that answers %d fails nothing, and the line says that nothing was checked",
  async (status) => {
    const { code, said } = await withRegistry(status, audit);

    expect({ code, said }).toEqual({
      code: 0,
      said: expect.stringMatching(new RegExp(`^NOT CHECKED, the registry does not answer: ${status} `)),
    });
  },
);

test("neither does one that can't be reached", async () => {
  const { code, said } = await audit(await findFreePort());

  expect(code).toBe(0);
  expect(said).toMatch(/^NOT CHECKED, .*ECONNREFUSED/);
});
