import { fitMarkdown } from "./fit.ts";
import { compareRuns, mark, readMarker, type MarkerForm, type Run } from "./marker.ts";

/** A comment that the token's own account wrote and that nobody has deleted. */
export interface OwnComment {
  readonly id: string;
  readonly body: string;
}

/** Where comments go: a pull request of GitHub or of Azure DevOps. Its methods throw {@link ServiceError}. */
export interface CommentPlace {
  /** As messages name it: `pull request 12 of example/plant`. */
  readonly name: string;
  readonly markerForm: MarkerForm;
  /** Most characters of a comment. */
  readonly maxCharacters: number;
  listOwn(): Promise<readonly OwnComment[]>;
  create(body: string): Promise<void>;
  /** @returns false when the comment is gone */
  edit(id: string, body: string): Promise<boolean>;
  /** Also when it is gone already. */
  remove(id: string): Promise<void>;
}

export interface CommentToPost {
  /** Which comment of the command it is; there is one each on a pull request. */
  readonly key: string;
  /** `undefined` by hand: then no other run counts as later. */
  readonly run: Run | undefined;
  readonly markdown: string;
  /** Stands below the Markdown, also where that is cut. */
  readonly footer: string;
  /** Where the whole text is when it is cut. */
  readonly whole: string;
}

/** What became of the comment. `superseded`: a later run has written, and its text stays. */
export type Posted = "created" | "edited" | "superseded";

interface Candidate {
  readonly id: string;
  readonly run: Run;
}

/** A comment that is deleted while it is edited is looked for again; this often, and then a new one is made. */
const editRounds = 3;

/**
 * Writes the one comment that a key has on a pull request: edits it in place, or creates it when there is none (a person
 * may have deleted it). Where several runs write at once, the text of the latest one stays and there is one comment.
 */
export async function postComment(place: CommentPlace, comment: CommentToPost): Promise<Posted> {
  const { key, run } = comment;
  const marked = mark("", key, run, place.markerForm);
  const footer = `\n\n${comment.footer}`;
  const room = place.maxCharacters - marked.length - footer.length;
  const body = `${marked}${fitMarkdown(comment.markdown, room, comment.whole)}${footer}`;
  const outcome = await editOrCreate(place, key, run, body);
  if (outcome === "superseded") return outcome;
  // Another run may have written between the look and the writing.
  const [latest, ...others] = await listCandidates(place, key);
  for (const { id } of others) await place.remove(id);
  if (latest === undefined || run === undefined) return outcome;
  const order = compareRuns(latest.run, run);
  if (order > 0) return "superseded";
  if (order < 0) await place.edit(latest.id, body);
  return outcome;
}

async function editOrCreate(place: CommentPlace, key: string, run: Run | undefined, body: string): Promise<Posted> {
  for (let round = 1; round <= editRounds; round++) {
    const [latest] = await listCandidates(place, key);
    if (latest === undefined) break;
    if (run !== undefined && compareRuns(latest.run, run) > 0) return "superseded";
    if (await place.edit(latest.id, body)) return "edited";
  }
  await place.create(body);
  return "created";
}

/** The comments of a key, the one that is to stay first: that of the latest run, of several the oldest. */
async function listCandidates(place: CommentPlace, key: string): Promise<Candidate[]> {
  const own = await place.listOwn();
  const candidates = own.flatMap(({ id, body }) => {
    const marker = readMarker(body);
    return marker?.key === key ? [{ id, run: marker.run }] : [];
  });
  return candidates.sort((a, b) => compareRuns(b.run, a.run) || compareIds(a.id, b.id));
}

/** IDs are numbers, and too long for one. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
