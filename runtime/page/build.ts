import { readFileSync } from "node:fs";
import path from "node:path";

import { build, type Plugin } from "esbuild";

const folder = import.meta.dirname;

/**
 * Builds the status page: one HTML text with its script and its styles in it.
 * @param files gets the paths of all that is in it, from the folder of the project
 */
export async function buildPage(files: string[] = []): Promise<string> {
  const [script, styles] = await Promise.all([bundle("browser/main.tsx", files), bundle("browser/main.css", files)]);
  const template = readFileSync(path.join(folder, "browser/index.html"), "utf8");
  // With functions: a replacement text would have its dollar signs obeyed.
  return template.replace("/* styles */", () => styles).replace("/* script */", () => script);
}

async function bundle(entry: string, files: string[]): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: path.join(folder, "../.."),
    entryPoints: [path.join(folder, entry)],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  files.push(...Object.keys(metafile.inputs));
  // The end of the element that it stands in must not come before its own.
  return (outputFiles[0]?.text ?? "").trim().replaceAll(/<\/(script|style)/gi, "<\\/$1");
}

/**
 * Builds the page into a bundle of the relay, in the place of the module that would build it at run time.
 * @param files gets the paths of all that is in the page, which the bundle's own list has not
 */
export function pagePlugin(files: string[] = []): Plugin {
  return {
    name: "status page",
    setup: (building) => {
      building.onLoad({ filter: /runtime[\\/]page[\\/]html\.ts$/ }, async () => {
        const html = await buildPage(files);
        return { contents: `export const loadPage = async () => ${JSON.stringify(html)};`, loader: "js" };
      });
    },
  };
}
