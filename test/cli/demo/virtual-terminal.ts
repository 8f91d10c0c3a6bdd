import type { ScreenOutput } from "../../../cli/demo/screen.ts";

/** What the demo writes for a terminal, as the user sees it: rows with wrapping, scrolling and the cursor's movements. */
export class VirtualTerminal implements ScreenOutput {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  /** All rows that there ever were, those that scrolled out at the top included. */
  readonly #lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  /** Everything from the first row, without the room to the right and below. */
  get text(): string {
    return this.#lines
      .map((line) => line.trimEnd())
      .join("\n")
      .trimEnd();
  }

  write(text: string): boolean {
    for (const [piece] of text.matchAll(/\u001b\[[0-9;]*[A-Za-z]|[^]/gu)) this.#take(piece);
    return true;
  }

  /** Echoes a key, as the terminal's driver does. */
  echo(text: string): void {
    this.write(text);
  }

  #take(piece: string): void {
    if (piece.startsWith("\u001b")) this.#control(piece.at(-1) ?? "", Number(piece.slice(2, -1)) || 1);
    else if (piece === "\r") this.#column = 0;
    else if (piece === "\n") this.#feed();
    else this.#print(piece);
  }

  #control(command: string, count: number): void {
    const keep = () => {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, Math.min(this.#column, this.columns - 1));
    };
    if (command === "m") return;
    if (command === "A") this.#row = Math.max(this.#row - count, this.#top);
    else if (command === "K") keep();
    else if (command === "J") {
      keep();
      for (let row = this.#row + 1; row < this.#lines.length; row++) this.#lines[row] = "";
    } else throw new Error(`a terminal command that this one does not know: ${command}`);
  }

  #print(character: string): void {
    // The cursor waits in the last column until there is more to print.
    if (this.#column === this.columns) this.#feed();
    const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column++;
  }

  #feed(): void {
    this.#row++;
    this.#column = 0;
    this.#lines[this.#row] ??= "";
  }

  /** The highest row that the cursor still reaches. */
  get #top(): number {
    return Math.max(0, this.#lines.length - this.rows);
  }
}
