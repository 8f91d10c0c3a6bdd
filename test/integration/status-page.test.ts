import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

import { chromium, type Browser, type Page } from "playwright-core";
import * as v from "valibot";

import { statusSchema } from "../../runtime/contract/status/schema.ts";
import { buildPage } from "../../runtime/page/build.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { serveScene } from "./support/status-page/scene-server.ts";
import { scenes, type SceneName } from "./support/status-page/scenes.ts";

const sceneNames = Object.keys(scenes) as SceneName[];

let html: string;
beforeAll(async () => {
  html = await buildPage();
});

test("the page has 60 kB at most as it is sent compressed", () => {
  expect(gzipSync(html).length).toBeLessThanOrEqual(60_000);
});

test("the page names no other host, and nothing in it is loaded", () => {
  // Names of XML namespaces are no addresses.
  const addresses = [...html.matchAll(/https?:\/\/[^\s"'`)]+/g)].map(([address]) => address);
  expect(addresses.filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([]);
  expect(html).not.toMatch(/<(script|link|img)[^>]*\s(src|href)="(?!data:,")/);
});

test.each(sceneNames)("what the page is tested with is what a relay answers: %s", (name) => {
  expect(v.safeParse(statusSchema, scenes[name].status).issues).toBeUndefined();
});

const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;
const axeSource = () => readFileSync(createRequire(__filename).resolve("axe-core/axe.min.js"), "utf8");

describeWithPart("chromium", (executablePath) => {
  let browser: Browser;
  const cleanUp: (() => unknown)[] = [];

  beforeAll(async () => {
    // In a container the browser's own sandbox is not allowed, and it opens nothing but the page of the test.
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  afterAll(async () => browser.close());
  afterEach(async () => {
    for (const end of cleanUp.splice(0)) await end();
  });

  /** The page in one situation, and what it did that it should not. */
  async function open(name: SceneName, size: keyof typeof sizes = "desktop", colorScheme: "light" | "dark" = "light") {
    const server = await serveScene(html, scenes[name]);
    const context = await browser.newContext({ viewport: sizes[size], colorScheme, bypassCSP: false });
    cleanUp.push(() => context.close(), server.close);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") faults.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith("data:"))
        faults.push(`request: ${request.url()}`);
    });
    await page.goto(server.url);
    await page.getByRole("heading", { name: "Dataflows", exact: true }).waitFor();
    return { page, faults };
  }

  async function findings(page: Page): Promise<string[]> {
    await page.evaluate(axeSource());
    const run = "axe.run().then(({ violations }) => violations)";
    const violations = await page.evaluate<{ id: string; help: string; nodes: { html: string }[] }[]>(run);
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`);
  }

  describe.each(sceneNames)("%s", (name) => {
    test.each([
      ["desktop", "light"],
      ["phone", "dark"],
    ] as const)(
      "on a %s, %s: no error, no request to elsewhere, nothing for axe to find, nothing wider than the screen",
      async (size, colorScheme) => {
        const { page, faults } = await open(name, size, colorScheme);
        // All of it: charts, details and the live tap.
        await page.locator("table button.link").first().click();
        await page.getByRole("img", { name: /^Messages a second/ }).waitFor();
        const tap = page.getByRole("button", { name: "Show messages" });
        if ((await tap.count()) > 0) await tap.click();

        expect(await findings(page)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(sizes[size].width);
        expect(faults).toEqual([]);
      },
    );
  });

  test("says in words what the drawing shows", async () => {
    const { page } = await open("one side down");

    const row = page.getByRole("row", { name: /^telemetry/ });
    expect(await row.innerText()).toContain("edge → cloud");
    expect(await row.innerText()).toContain("Attention");
    expect(await page.getByRole("img", { name: /^Drawing of 4 dataflows, 2 of them not OK/ }).count()).toBe(1);
  });

  test("shows of a dataflow since when it is wrong and what to do", async () => {
    const { page } = await open("one side down");

    await page.getByRole("button", { name: "telemetry" }).click();

    const text = await page.locator(".last-error").innerText();
    expect(text).toMatch(/^Error since .*, for 1 min 35 s/);
    expect(text).toContain("What to do: assign the role EventGrid TopicSpaces Publisher");
  });

  test("can be used with the keyboard alone", async () => {
    const { page } = await open("busy");

    for (let key = 0; key < 2; key++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "alarms" }).waitFor();
    expect(await page.getByRole("button", { name: "alarms" }).getAttribute("aria-pressed")).toBe("true");

    await page.getByRole("button", { name: "Show messages" }).focus();
    await page.keyboard.press("Space");
    await page.getByText("sites/oslo/telemetry/line-4").waitFor();
  });

  test("shows what others wrote as text and never as elements", async () => {
    const { page, faults } = await open("dead letters");

    expect(await page.getByText("plant/<script>alert(1)</script>").count()).toBe(1);
    expect(faults).toEqual([]);
  });

  test("asks for payloads only where somebody wants them", async () => {
    const { page } = await open("busy");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname + new URL(request.url()).search));
    await page.getByRole("button", { name: "telemetry" }).click();
    expect(asked.filter((path) => path.startsWith("/api/tap"))).toEqual([]);

    await page.getByRole("button", { name: "Show messages" }).click();
    await page.getByText("sites/oslo/telemetry/line-4").waitFor();
    const askedAgain = page.waitForRequest((request) => request.url().endsWith("&payload=1"));
    await page.getByLabel("with payload").check();
    await askedAgain;

    expect(asked.filter((path) => path.startsWith("/api/tap"))).toEqual([
      "/api/tap?dataflow=telemetry",
      "/api/tap?dataflow=telemetry&payload=1",
    ]);
  });

  test("finds one of 200 dataflows, and shows first those that are not OK", async () => {
    const { page } = await open("200 dataflows");
    const rows = page.locator('[aria-labelledby="dataflows"] tbody tr');
    expect(await rows.first().innerText()).toContain("Attention");
    expect(await rows.count()).toBe(25);

    await page.getByLabel("Name").fill("line-19");
    expect(await rows.count()).toBe(11);

    await page.getByLabel("Name").fill("");
    await page.getByRole("button", { name: "Show all 200" }).click();
    expect(await rows.count()).toBe(200);
  });

  test("says so when no answer comes any more", async () => {
    const server = await serveScene(html, scenes.idle);
    const page = await browser.newPage();
    cleanUp.push(() => page.close());
    await page.goto(server.url);
    await page.getByRole("heading", { name: "Dataflows", exact: true }).waitFor();

    server.close();

    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").innerText()).toContain("what is shown is old");
  });
});
