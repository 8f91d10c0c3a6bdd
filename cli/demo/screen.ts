import { fitLine, rowsOf, widthOf } from "./terminal-text.ts";

/** Where the demo writes: standard output, or what stands in for it. */
export type ScreenOutput = Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns" | "rows">;

/** Size of a terminal that does not tell its own. */
const usualSize = { rows: 24, columns: 80 };
const eraseRight = "\u001b[K";
const eraseBelow = "\u001b[J";

/** Keeps a block of lines up to date at the end of a terminal; elsewhere writes one block after the other. */
export class Screen {
  readonly #output: ScreenOutput;
  #block: readonly string[] = [];

  constructor(output: ScreenOutput) {
    this.#output = output;
  }

  /** Whether a block is drawn over the one before. */
  get isLive(): boolean {
    return this.#output.isTTY;
  }

  get #size(): { readonly rows: number; readonly columns: number } {
    const { rows, columns } = this.#output;
    return rows > 0 && columns > 0 ? { rows, columns } : usualSize;
  }

  /** Draws the block anew, cut to the terminal. */
  draw(text: string): void {
    const lines = text.split("\n");
    if (!this.isLive) {
      this.#write(lines);
      return;
    }
    const { rows, columns } = this.#size;
    // The cursor stands below the block, and takes a row too.
    const block = lines.slice(0, rows - 1).map((line) => fitLine(line, columns));
    this.#write(block);
    this.#block = block;
  }

  /** Writes lines that stay, in full, above the block. */
  say(text: string): void {
    this.#write([...text.split("\n"), ...this.#block]);
  }

  /** Writes lines that stay, in full, in place of the block. */
  conclude(text: string): void {
    this.#write(text.split("\n"));
    this.#block = [];
  }

  /**
   * Writes over the block, row by row: some terminals keep a screen that is erased as a whole in their history. A
   * terminal that got narrower has wrapped the block's lines.
   */
  #write(lines: readonly string[]): void {
    if (this.#block.length === 0) {
      this.#output.write(lines.map((line) => `${line}\n`).join(""));
      return;
    }
    const { rows, columns } = this.#size;
    const height = Math.min(rowsOf(this.#block, columns), rows - 1);
    const overwrite = (line: string) => {
      const isFull = widthOf(line) > 0 && widthOf(line) % columns === 0;
      // The cursor still stands in the last column of a full row, and would erase it.
      return `${line}${isFull ? "" : eraseRight}\n`;
    };
    // The carriage return is for the "^C" that a terminal echoes.
    this.#output.write(`\r\u001b[${height}A${lines.map(overwrite).join("")}${eraseBelow}`);
  }
}
