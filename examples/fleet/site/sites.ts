import { readFileSync } from "node:fs";
import path from "node:path";

import { RunError } from "@pulumi/pulumi";
import { parse } from "yaml";

/** What a site's declaration is made from: `settings` of ../fleet.yaml, the site's own over those of all. */
export interface Settings {
  readonly platformStack: string;
  readonly image: string;
  /** The group of its relay's identity, as the platform's outputs name them. */
  readonly identity: string;
  readonly oidcIssuerUrl: string;
  /** Areas of the plant whose telemetry is sent. */
  readonly areas: readonly string[];
}

/** A site of the file. */
export interface Site {
  readonly settings: Settings;
  readonly kubernetes?: { readonly context?: string; readonly namespace?: string };
  readonly manifests?: string;
}

interface FleetFile {
  readonly defaults?: { readonly settings?: Partial<Settings> };
  readonly sites: {
    readonly [name: string]: Partial<Omit<Site, "settings">> & { readonly settings?: Partial<Settings> };
  };
}

const file = path.join(import.meta.dirname, "../fleet.yaml");
const texts = ["platformStack", "image", "identity", "oidcIssuerUrl"] as const;

/** Reads one site. What `mqtt-dataflow fleet` checks, the names, rings and folders, isn't checked again. */
export function readSite(name: string): Site {
  const { defaults, sites } = parse(readFileSync(file, "utf8")) as FleetFile;
  const own = Object.hasOwn(sites, name) ? sites[name] : undefined;
  if (own === undefined) throw new RunError(`fleet.yaml: has no site "${name}"; the stack's name is the site's`);
  const settings: Partial<Settings> = { ...defaults?.settings, ...own.settings };
  const problems = [
    ...texts.filter((key) => typeof settings[key] !== "string").map((key) => `${key}: is missing; give a text`),
    ...(Array.isArray(settings.areas) ? [] : ["areas: is missing; list the areas of the plant"]),
  ];
  if (problems.length > 0) {
    throw new RunError(problems.map((problem) => `fleet.yaml: sites.${name}.settings.${problem}`).join("\n"));
  }
  return { ...own, settings: settings as Settings };
}
