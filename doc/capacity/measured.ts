import type { SiteTimes } from "./rollout.ts";

/** What `npm run bench:fleet` has found. */
export const measured: {
  readonly how: string;
  readonly rows: readonly (readonly string[])[];
  readonly said: string;
  readonly site: SiteTimes;
} = {
  how: "",
  rows: [],
  said: "",
  site: { preview: 7, up: 9, settle: 5 },
};
