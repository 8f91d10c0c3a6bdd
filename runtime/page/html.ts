/**
 * The status page as one HTML text. The bundle has it built in (see `build.ts`, which puts the text in the place of this module);
 * from the sources it is built when it is asked for first.
 */
export async function loadPage(): Promise<string> {
  page ??= buildNow();
  return page;
}

async function buildNow(): Promise<string> {
  const [{ buildPage }, { stop }] = await Promise.all([import("./build.ts"), import("esbuild")]);
  const html = await buildPage();
  await stop(); // its service would live on beside the relay
  return html;
}

let page: Promise<string> | undefined;
