import * as v from "valibot";

import {
  block,
  kubernetesName,
  nameAllUnknownKeys,
  named,
  refuseLists,
  show,
  text,
} from "../../runtime/contract/config/field.ts";

const source = "This program";
const notEmpty = { pattern: /\S/, hint: "give a text" };
const wanted = (description: string) => text({ description, source }, notEmpty);
const name = (description: string) =>
  text({ description, source }, { pattern: kubernetesName, hint: 'give lower-case letters, digits, "-" and "."' });

/** The program's own settings: this command hands them to nobody, so it doesn't judge them. */
const settings = v.optional(
  refuseLists(v.record(v.string(), v.unknown(), "is no object; give an object whose keys are the program's settings")),
  {},
);

const kubernetes = block({
  kubeconfig: v.optional(
    wanted("Path of the kubeconfig, from the folder of this file; $KUBECONFIG or ~/.kube/config when not given."),
  ),
  context: v.optional(wanted("Context of the kubeconfig; its current one when not given.")),
  namespace: v.optional(name("Namespace of the relay."), "azure-iot-operations"),
});

const site = block({
  ring: v.optional(wanted("Name of the ring that the site is in; the last one when not given.")),
  kubernetes: v.optional(kubernetes, {}),
  manifests: v.optional(
    wanted("Folder that the site's manifests are written to, for a cluster that fetches them from a repository."),
  ),
  settings,
});

/** Most sites of one file: what one program run can deploy in a day, and a bound for what is held in memory. */
export const maxSites = 1000;

const sites = v.pipe(
  named(site, "a site"),
  v.check((given) => Object.keys(given).length > 0, "is empty; add a site"),
  v.check(
    (given) => Object.keys(given).length <= maxSites,
    (issue) =>
      `has ${Object.keys(issue.input).length} sites; give ${maxSites} at most, and spread the others over more files`,
  ),
);

const version = 1;

/** A file of sites. */
export const fleetSchema = nameAllUnknownKeys(
  block({
    version: v.literal(
      version,
      (issue) => `is ${show(issue.input)}; give ${version}, the version that this release reads`,
    ),
    program: v.optional(wanted("Folder of the program's Pulumi.yaml, from the folder of this file."), "."),
    organization: v.optional(wanted("Organization of the stacks in Pulumi Cloud; the login's own when not given.")),
    rings: v.optional(
      v.pipe(
        v.array(name("Name of a ring."), "is no list; give the names of the rings, in the order of the rollout"),
        v.minLength(1, "is empty; name a ring, or leave it out"),
        v.check((given) => new Set(given).size === given.length, "names a ring twice; keep one of them"),
      ),
      ["all"],
    ),
    otherStacks: v.optional(
      v.array(wanted("Name of a stack."), "is no list; give the names of stacks that are no sites"),
      [],
    ),
    defaults: v.optional(block({ settings }), {}),
    sites,
  }),
);
