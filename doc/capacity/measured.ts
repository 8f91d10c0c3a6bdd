import type { SiteTimes } from "./rollout.ts";

/** What `npm run bench:fleet` has found. */
export const measured: {
  readonly how: string;
  readonly rows: readonly (readonly string[])[];
  readonly said: string;
  readonly site: SiteTimes;
} = {
  how: "`npm run bench:fleet`: the sites of examples/fleet on the real engine (Pulumi 3.250) and a real kube-apiserver, with the tests' stand-ins for Azure's provider, Kubernetes' and the relays; two processors, which other work had most of, so the times say little and the processor times are what counts.",
  rows: [
    ["`pulumi preview` of each, by hand", "40", "4", "281 s", "85.6 s"],
    ["`fleet preview`, with the review in Markdown", "40", "4", "200 s", "85.0 s"],
    ["`fleet preview --create-stacks`, the first", "40", "4", "480 s", "114.5 s"],
  ],
  said: "So `fleet preview` takes 0.99 times the processor time of its previews alone.",
  site: { preview: 7, up: 9, settle: 5 },
};
