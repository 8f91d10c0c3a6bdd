import type { EngineEvent } from "./engine-events.ts";
import { readEvents } from "./preview.ts";
import type { Review } from "./review.ts";
import { reviewPreview } from "./review-preview.ts";
import { combine } from "./verdict.ts";

export type { EngineEvent } from "./engine-events.ts";
export { githubMaxCharacters, renderMarkdown } from "./markdown/render.ts";
export type { MarkdownOptions } from "./markdown/render.ts";
export type * from "./review.ts";

/** The events of one preview, of one stack. */
export interface PreviewEvents {
  /** Name of the stack, for one whose preview ended before any resource was registered. */
  readonly stack: string;
  readonly project?: string;
  readonly events: readonly EngineEvent[];
}

/** Reviews the previews of one or several stacks from the engine's events, in whichever order they come. Never throws. */
export function reviewEvents(previews: readonly PreviewEvents[]): Review {
  return combine(previews.map(({ events, stack, project }) => reviewPreview(readEvents(events, { stack, project }))));
}
