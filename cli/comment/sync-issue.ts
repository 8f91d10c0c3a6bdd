import { fitMarkdown } from "./fit.ts";

/** An open issue that the token's own account opened for a key. */
export interface OpenIssue {
  /** As people name it: `#12`. */
  readonly name: string;
  readonly id: number;
}

export interface IssueText {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

/** The text of an issue before it is cut to what its place takes. */
export interface IssueDraft extends IssueText {
  /** Stands below the body, also where that is cut. */
  readonly footer: string;
}

/** Where issues go: a repository of GitHub, or a project of Azure DevOps. Its methods throw {@link ServiceError}. */
export interface IssuePlace {
  /** As messages name it: `example/plant`. */
  readonly name: string;
  /** Most characters of an issue's text. */
  readonly maxCharacters: number;
  listOpen(): Promise<readonly OpenIssue[]>;
  open(text: IssueText): Promise<void>;
  edit(issue: OpenIssue, text: IssueText): Promise<void>;
  /** @param reason Markdown, shown to whoever reads the issue later */
  close(issue: OpenIssue, reason: string): Promise<void>;
}

/** What became of the issue, in words: `opened #12`. */
export type Synced = string;

/**
 * Sees to it that one issue is open while there is something to say, and none when there is not. One that a person has
 * closed although there still is something to say is opened again as a new one.
 * @param text `undefined`: there is nothing to say
 * @param whole where the whole text is when it is cut
 * @param reason why an issue is closed
 */
export async function syncIssue(
  place: IssuePlace,
  text: IssueDraft | undefined,
  { whole, reason }: { readonly whole: string; readonly reason: string },
): Promise<Synced> {
  const [first, ...others] = await listOldestFirst(place);
  await closeDuplicates(place, first, others);
  if (text === undefined) {
    if (first === undefined) return "no issue is open, and none is needed";
    await place.close(first, reason);
    return `closed ${first.name}`;
  }
  const footer = `\n\n${text.footer}`;
  const body = fitMarkdown(text.body, place.maxCharacters - footer.length, whole);
  const fitting = { title: text.title, body: `${body}${footer}` };
  if (first !== undefined) {
    await place.edit(first, fitting);
    return `edited ${first.name}`;
  }
  await place.open(fitting);
  // Another run may have opened one at the same time.
  const [oldest, ...newer] = await listOldestFirst(place);
  await closeDuplicates(place, oldest, newer);
  return `opened ${oldest?.name ?? "an issue"}`;
}

async function listOldestFirst(place: IssuePlace): Promise<OpenIssue[]> {
  return [...(await place.listOpen())].sort((a, b) => a.id - b.id);
}

async function closeDuplicates(
  place: IssuePlace,
  kept: OpenIssue | undefined,
  duplicates: readonly OpenIssue[],
): Promise<void> {
  for (const issue of duplicates) await place.close(issue, `The same as ${kept?.name ?? "another issue"}.`);
}
