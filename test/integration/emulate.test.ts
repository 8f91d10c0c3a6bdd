import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { findFreePort } from "../support/free-port.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { startProcess, stopProcesses, type StartedProcess } from "../support/started-process.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const root = path.join(import.meta.dirname, "../..");
const page = readFileSync(path.join(root, "doc/emulate.md"), "utf8");
const lastLine = "What clients do is told on standard error.";

afterEach(stopProcesses);
afterAll(removeTemporaryFolders);

/** Starts the command and waits until it has printed how to connect. */
async function emulate(args: readonly string[], cwd = root): Promise<StartedProcess> {
  const started = startProcess(process.execPath, [path.join(root, "cli/main.ts"), "emulate", ...args], { cwd });
  await started.untilLine((line) => line === lastLine);
  return started;
}

/** Runs a line as a shell does that it is pasted into. */
function paste(line: string, cwd = root): StartedProcess {
  return startProcess("/bin/sh", ["-c", `exec ${line}`], { cwd });
}

function printed({ lines }: StartedProcess, start: string): string {
  const line = lines.find((candidate) => candidate.trim().startsWith(start));
  if (line === undefined) throw new Error(`no line begins with ${start}`);
  return line.trim();
}

/** The text of the code blocks of one language on the page. */
function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`\\n\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map(([, text = ""]) => text);
}

describeWithParts(["mosquitto_pub", "mosquitto_sub"], () => {
  test("what is printed carries a message from one client to the other, and nothing is left behind", async () => {
    const emulator = await emulate(["--port", "0"]);
    const folder = path.dirname(/--cafile (\S+)/.exec(printed(emulator, "mosquitto_pub"))?.[1] ?? "");
    const keyMode = statSync(path.join(folder, "clients/sensor.key")).mode & 0o777;

    const subscriber = paste(printed(emulator, "mosquitto_sub"));
    await emulator.untilLine((line) => line.includes('dashboard-mosquitto-sub: subscribed to "factory/#"'));
    const published = await paste(printed(emulator, "mosquitto_pub")).ended;
    await subscriber.untilLine((line) => line === "factory/test hello");

    expect({ keyMode, published }).toEqual({ keyMode: 0o600, published: { code: 0, signal: null } });
    expect(emulator.errorLines[0]).toMatch(/dashboard-mosquitto-sub: accepted as "dashboard" \(X509\)$/);
    expect(await emulator.stop("SIGINT")).toEqual({ code: 0, signal: null });
    expect(existsSync(folder)).toBe(false);
  });

  test("a client that is refused finds the reason on standard error", async () => {
    const emulator = await emulate(["--port", "0"]);
    const command = printed(emulator, "mosquitto_pub");

    const unknown = await paste(command.replace("-u sensor", "-u senser")).ended;
    const untrusting = await paste(command.replace(/ca\.pem/, "clients/sensor.pem")).ended;
    await paste(command.replace("factory/test", "office/test")).ended;

    const reason = (text: string) => emulator.untilLine((line) => line.includes(text));
    await reason(': refused: 0x87 Not authorized: no client has the authentication name "senser"');
    await reason("the client does not trust the server's certificate");
    await reason('PUBLISH to "office/test" refused: 0x87 Not authorized: no role for "office/test"');
    expect([unknown.code, untrusting.code]).not.toContain(0);
    await emulator.stop("SIGINT");
  });

  test("the token of a client is in a file, and nowhere in what is printed", async () => {
    const file = path.join(createTemporaryFolder("emulate"), "aio.json");
    writeFileSync(
      file,
      JSON.stringify({ version: 1, profile: "aio", clients: { press: { authentication: "token" } } }),
    );
    const emulator = await emulate([file, "--port", "0"]);
    const command = printed(emulator, "mosquitto_pub");

    expect(await paste(command).ended).toEqual({ code: 0, signal: null });

    const token = readFileSync(/"\$\(cat (\S+)\)"/.exec(command)?.[1] ?? "", "utf8");
    expect(token.split(".")).toHaveLength(3);
    expect(emulator.lines.join("\n")).not.toContain(token);
    await emulator.untilLine((line) => line.includes('accepted as "system:serviceaccount:emulate:press" (K8S-SAT)'));
    await emulator.stop("SIGINT");
  });

  test("takes up the faults of the file while it runs, and keeps what held when the file is wrong", async () => {
    const file = path.join(createTemporaryFolder("emulate"), "plain.json");
    const write = (faults: object) => {
      writeFileSync(
        file,
        JSON.stringify({ version: 1, profile: "plain", clients: {}, anonymousAllowed: true, faults }),
      );
    };
    write({});
    const emulator = await emulate([file, "--port", "0"]);
    const command = printed(emulator, "mosquitto_pub");
    const before = await paste(command).ended;

    write({ refuseConnections: { reasonCode: "serverBusy" } });
    await emulator.untilLine((line) => line.endsWith("faults and limits are set anew"));
    const during = await paste(command).ended;
    write({ refuseConnection: {} });
    await emulator.untilLine((line) => line.includes('did you mean "refuseConnections"?'));
    const after = await paste(command).ended;

    expect(before.code).toBe(0);
    expect([during.code, after.code]).not.toContain(0);
    await emulator.untilLine((line) => line.includes("refused: 0x89 Server busy: a fault of the file asks for it"));
    await emulator.stop("SIGINT");
  });

  test("every command of the page does what the page says", async () => {
    const cwd = createTemporaryFolder("emulate");
    const [file = ""] = blocks("yaml");
    writeFileSync(path.join(cwd, "site.yaml"), file);
    const port = await findFreePort();
    const commands = blocks("bash").flatMap((block) => block.trim().replaceAll("8883", String(port)).split("\n"));
    const isEmulate = (line: string) => line.startsWith("npm run -s mqtt-dataflow -- emulate");
    const others = commands.filter((line) => !isEmulate(line));

    for (const line of commands.filter(isEmulate)) {
      const args =
        line
          .split(" emulate")[1]
          ?.split(" ")
          .filter((word) => word !== "") ?? [];
      const emulator = startProcess(
        process.execPath,
        [
          path.join(root, "cli/main.ts"),
          "emulate",
          ...args,
          ...(args.includes("--port") ? [] : ["--port", String(port)]),
        ],
        { cwd },
      );
      await emulator.until("how to connect", () => emulator.lines.find((text) => text === lastLine || text === "}"));
      if (args.includes("certificates")) {
        const subscriber = paste(others.find((text) => text.startsWith("mosquitto_sub")) ?? "", cwd);
        await emulator.untilLine((text) => text.includes("subscribed to"));
        for (const text of others.filter((one) => one.startsWith("mosquitto_pub"))) await paste(text, cwd).ended;
        await subscriber.untilLine((text) => text.endsWith(" 21.5"));
        await emulator.untilLine((text) => text.includes("Not authorized: no role for"));
      }
      expect(await emulator.stop("SIGINT")).toEqual({ code: 0, signal: null });
    }
    expect(others.length).toBe(3);
  });
});

describeWithParts(["python3"], ([python]) => {
  test("the programs for paho are Python", async () => {
    const file = path.join(createTemporaryFolder("emulate"), "site.yaml");
    writeFileSync(file, blocks("yaml")[0] ?? "");
    const emulator = await emulate([file, "--port", "0"]);
    const programs = emulator.lines.filter((line) => line.trim().startsWith("python3 "));

    for (const line of programs) {
      const program = line.trim().replace("python3 ", "");
      const check = startProcess(python, [
        "-c",
        "import sys; compile(open(sys.argv[1]).read(), 'paho', 'exec')",
        program,
      ]);
      expect(await check.ended).toEqual({ code: 0, signal: null });
    }

    expect(programs).toHaveLength(2);
    await emulator.stop("SIGINT");
  });
});
