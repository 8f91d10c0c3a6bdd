/** How long one site takes in a rollout, in seconds, while its place is its own. */
export interface SiteTimes {
  readonly preview: number;
  readonly up: number;
  /** Until its relay says that it is well. */
  readonly settle: number;
}

/**
 * Time of a rollout in seconds. A ring is previewed whole, then deployed; a site's place is free once its relay is well.
 * @param rings sites of each ring
 * @param parallel sites at a time
 */
export function rolloutSeconds(rings: readonly number[], parallel: number, times: SiteTimes): number {
  return rings
    .map((sites) => Math.ceil(sites / parallel) * (times.preview + times.up + times.settle))
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** The rings of the examples on the page: one site, then a tenth, then all others. */
export function ringsOf(sites: number): number[] {
  const first = Math.min(sites - 1, Math.max(1, Math.floor(sites / 10) - 1));
  return [1, first, sites - 1 - first].filter((count) => count > 0);
}
