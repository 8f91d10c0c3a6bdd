/** The run of a pipeline that writes. A later run has a higher ID, a run that is started again a higher attempt. */
export interface Run {
  readonly id: number;
  readonly attempt: number;
}

/** What the first line of a text that this command wrote says, which no reader sees. */
export interface Marker {
  /** Which of several texts of the command it is: `review`. */
  readonly key: string;
  /** 0 and 0 when it was written by hand. */
  readonly run: Run;
}

/**
 * How a hidden line is written. Azure DevOps shows HTML comments in places, and hides a definition of a link that nothing
 * refers to; both render nothing in GitHub.
 */
export type MarkerForm = "html-comment" | "link-definition";

const byHand: Run = { id: 0, attempt: 0 };

/** Puts the hidden line before a text. */
export function mark(text: string, key: string, run: Run | undefined, form: MarkerForm): string {
  const { id, attempt } = run ?? byHand;
  const content = `mqtt-dataflow comment=${key} run=${id}.${attempt}`;
  return `${form === "html-comment" ? `<!-- ${content} -->` : `[//]: # (${content})`}\n\n${text}`;
}

/** Reads the hidden line; `undefined` when the first line is none. Quoted text is none either: it begins with ">". */
export function readMarker(text: string): Marker | undefined {
  const line = text.slice(0, 300).split(/\r?\n/, 1)[0]?.trim() ?? "";
  const found =
    /^(?:<!-- |\[\/\/\]: # \()mqtt-dataflow comment=([a-z0-9-]+) run=(\d{1,15})\.(\d{1,9})(?: -->|\))$/.exec(line);
  if (found === null) return undefined;
  const [, key = "", id, attempt] = found;
  return { key, run: { id: Number(id), attempt: Number(attempt) } };
}

/** Negative when `a` is the earlier run, positive when it is the later one. */
export function compareRuns(a: Run, b: Run): number {
  return a.id - b.id || a.attempt - b.attempt;
}

/** Lists what is wrong with a key. */
export function checkKey(key: string): string | undefined {
  return /^[a-z0-9-]{1,50}$/.test(key) ? undefined : "use up to 50 letters from a to z, digits and hyphens";
}
