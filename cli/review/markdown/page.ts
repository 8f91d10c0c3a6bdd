/** A part of a page that is cut between its rows, never within one. */
export interface Block {
  /** Before the rows: a heading, the head of a table. */
  readonly open: readonly string[];
  readonly rows: readonly string[];
  /** After the rows, such as the end of a fold. */
  readonly close: readonly string[];
}

/** Room for what {@link Page.finish} says last. */
const reserve = 200;

/** A page of bounded length: blocks come in the order of their importance, and what does not fit is counted. */
export class Page {
  readonly #maxLength: number;
  readonly #lines: string[] = [];
  #length = 0;
  #leftOut = 0;

  /** @param maxLength in UTF-16 units, of which a text has as many as characters or more */
  constructor(maxLength: number) {
    this.#maxLength = maxLength - reserve;
  }

  /** Adds a line without which the page has no meaning. It may be cut. */
  addLine(line: string): void {
    const room = this.#maxLength - this.#length - 1;
    this.#push(line.length > room ? `${line.slice(0, Math.max(0, room - 1))}…` : line);
  }

  /** Adds as many rows of a block as there is room for; without room for one the whole block is left out. */
  add({ open, rows, close }: Block): void {
    const frame = lengthOf(open) + lengthOf(close) + lengthOf([moreRows(rows.length)]);
    let room = this.#maxLength - this.#length - frame;
    const fitting: string[] = [];
    for (const row of rows) {
      room -= row.length + 1;
      if (room < 0) break;
      fitting.push(row);
    }
    const left = rows.length - fitting.length;
    this.#leftOut += left;
    if (fitting.length === 0) return;
    // Before the end of a fence a line of ours is no row of a table any more, so it stands after the block.
    for (const line of [...open, ...fitting, ...close]) this.#push(line);
    if (left > 0) this.#push(moreRows(left));
  }

  /** The whole text, with a last line that counts what is left out. */
  finish(): string {
    const note = `_${this.#leftOut.toLocaleString("en")} lines are left out, since a comment has a largest size; the JSON of the review has them all._`;
    return [...this.#lines, ...(this.#leftOut === 0 ? [] : ["", note])].join("\n").concat("\n");
  }

  #push(line: string): void {
    this.#lines.push(line);
    this.#length += line.length + 1;
  }
}

function moreRows(number: number): string {
  return `\n… and ${number.toLocaleString("en")} more`;
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
