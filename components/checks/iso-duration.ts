/**
 * Seconds of an ISO 8601 duration in days, hours, minutes and seconds, such as `P1DT12H` or `P1W`; `undefined` for any other text.
 * Years and months have no length of their own, and no event lives that long.
 */
export function iso8601Seconds(text: string): number | undefined {
  const weeks = /^P(\d+)W$/.exec(text)?.[1];
  if (weeks !== undefined) return Number(weeks) * 604_800;
  const form = /^P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  if (form === null || text === "P") return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = form
    .slice(1)
    .map((digits: string | undefined) => Number(digits ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
