import { printable } from "../../runtime/contract/printable.ts";
import { Screen } from "../demo/screen.ts";
import type { ScreenOutput } from "../demo/screen.ts";
import type { EngineEvent } from "./engine.ts";
import { describeChanges, isGood } from "./result.ts";
import type { SiteResult } from "./result.ts";
import type { Site } from "./sites.ts";
import { describeSeconds } from "./table.ts";

/** Time between two pictures of a terminal, in milliseconds. */
const pictureMs = 500;

interface Running {
  readonly what: string;
  readonly sinceMs: number;
  resources: number;
}

/**
 * Tells what a run is doing. A terminal has one block that is kept up to date; elsewhere, as in a log, each site has a line when it
 * is done.
 */
export class Progress {
  readonly #screen: Screen;
  readonly #running = new Map<string, Running>();
  readonly #total: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #ended = 0;
  #bad = 0;

  constructor(output: ScreenOutput, total: number) {
    this.#screen = new Screen(output);
    this.#total = total;
    if (this.#screen.isLive) this.#timer = setInterval(() => this.#draw(), pictureMs);
  }

  /** Names of the sites that something is done with right now. */
  get running(): string[] {
    return [...this.#running.keys()];
  }

  /** @param what what is done with the site: `preview`, `waiting for its relay` */
  started({ name }: Site, what: string): void {
    this.#running.set(name, { what, sinceMs: performance.now(), resources: 0 });
    this.#draw();
  }

  event({ name }: Site, { resourcePreEvent }: EngineEvent): void {
    const running = this.#running.get(name);
    if (resourcePreEvent !== undefined && running !== undefined) running.resources += 1;
  }

  /** Nothing is done with the site for now. */
  paused({ name }: Site): void {
    this.#running.delete(name);
  }

  /** Counts the site as dealt with. */
  ended(result: SiteResult): void {
    const { site, outcome, seconds, changes, reasons, health } = result;
    this.#running.delete(site.name);
    this.#ended += 1;
    if (!isGood(result)) this.#bad += 1;
    const time = seconds === undefined ? "" : ` (${describeSeconds(seconds)})`;
    const shown = changes === undefined ? "" : `, changes: ${describeChanges(changes)}`;
    const [reason] = [...reasons, ...(health?.reasons ?? [])];
    const why = isGood(result) || reason === undefined ? "" : `: ${printable(reason)}`;
    const line = `[${this.#ended}/${this.#total}] ${site.name}: ${outcome}${shown}${time}${why}`;
    if (this.#screen.isLive && isGood(result)) this.#draw();
    else this.#screen.say(line);
  }

  /** Says a line that stays. */
  say(text: string): void {
    this.#screen.say(text);
  }

  /** Ends the block. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#screen.isLive) this.#screen.draw("");
  }

  #draw(): void {
    if (!this.#screen.isLive) return;
    const now = performance.now();
    const bad = this.#bad === 0 ? "" : `, ${this.#bad} not well`;
    const lines = [...this.#running].map(([name, { what, sinceMs, resources }]) => {
      const count = resources === 0 ? "" : `, ${resources} resources`;
      return `  ${name}: ${what}${count}, ${describeSeconds((now - sinceMs) / 1000)}`;
    });
    this.#screen.draw([`${this.#ended} of ${this.#total} sites${bad}`, ...lines].join("\n"));
  }
}
