import { Screen } from "../../../cli/demo/screen.ts";
import { VirtualTerminal } from "./virtual-terminal.ts";

const columns = 20;

function openScreen(rows = 12): { terminal: VirtualTerminal; screen: Screen } {
  const terminal = new VirtualTerminal(columns, rows);
  return { terminal, screen: new Screen(terminal) };
}

test("draws each block over the one before", () => {
  const { terminal, screen } = openScreen();

  screen.draw("one\n1");
  screen.draw("two\n2");

  expect(terminal.text).toBe("two\n2");
});

test("leaves nothing of a block that had more lines, or longer ones", () => {
  const { terminal, screen } = openScreen();

  screen.draw("a first line\nsecond\nthird\nfourth");
  screen.draw("a\nb");
  screen.draw("c\nd\ne");

  expect(terminal.text).toBe("c\nd\ne");
});

test("cuts a line that the terminal would wrap, so that the next block finds the start of this one", () => {
  const { terminal, screen } = openScreen();

  screen.draw(`${"x".repeat(3 * columns)}\nbelow`);
  expect(terminal.text).toBe(`${"x".repeat(columns - 1)}…\nbelow`);

  screen.draw(`${"y".repeat(columns)}\nbelow`);
  expect(terminal.text).toBe(`${"y".repeat(columns)}\nbelow`);
});

test("keeps what is said in between above the block, in full", () => {
  const { terminal, screen } = openScreen();
  const warning = `relay warning: ${"w".repeat(columns)}`;

  screen.say("1. started");
  screen.draw(`${"z".repeat(columns)}\nblock 1`);
  screen.say(warning);
  screen.say("w".repeat(columns));
  screen.draw("block 2");

  expect(terminal.text).toBe(
    ["1. started", warning.slice(0, columns), warning.slice(columns), "w".repeat(columns), "block 2"].join("\n"),
  );
});

test("shows the block again at once when something is said", () => {
  const { terminal, screen } = openScreen();

  screen.draw("block");
  screen.say("warning");

  expect(terminal.text).toBe("warning\nblock");
});

test("writes its conclusion in place of the block, and then only after it", () => {
  const { terminal, screen } = openScreen();

  screen.draw("block of\nthree\nlines");
  screen.conclude("the end");
  screen.say("the ledger");

  expect(terminal.text).toBe("the end\nthe ledger");
});

test("overwrites the ^C that a terminal echoes", () => {
  const { terminal, screen } = openScreen();

  screen.draw("first\nsecond");
  terminal.echo("^C");
  screen.conclude("1st\n2nd");

  expect(terminal.text).toBe("1st\n2nd");
});

test("draws no more lines than the terminal has rows, one of which is the cursor's", () => {
  const { terminal, screen } = openScreen(4);

  screen.draw("1\n2\n3\n4\n5");
  screen.draw("a\nb\nc\nd\ne");

  expect(terminal.text).toBe("a\nb\nc");
});

test("goes back over the rows that a narrower terminal wrapped the block into", () => {
  const written: string[] = [];
  const output = { isTTY: true, rows: 12, columns: 40, write: (text: string) => written.push(text) > 0 };
  const screen = new Screen(output);

  screen.draw(`${"x".repeat(40)}\nshort`);
  output.columns = 20;
  screen.draw("new");

  expect(written[1]).toMatch(/^\r\u001b\[3A/);
});

test("takes a terminal that does not tell its size for one of 80 columns and 24 rows", () => {
  const written: string[] = [];
  const screen = new Screen({ isTTY: true, rows: 0, columns: 0, write: (text: string) => written.push(text) > 0 });

  screen.draw(Array.from({ length: 30 }, () => "x".repeat(100)).join("\n"));

  const lines = written.join("").split("\n").filter(Boolean);
  expect(lines).toEqual(Array.from({ length: 23 }, () => `${"x".repeat(79)}…`));
});

test("writes one block after the other, in full and without control characters, where there is no terminal", () => {
  const written: string[] = [];
  const output = { isTTY: false, rows: 0, columns: 0, write: (text: string) => written.push(text) > 0 };
  const screen = new Screen(output);

  screen.draw("x".repeat(100));
  screen.draw("y");
  screen.say("said");
  screen.conclude("the end");

  expect(screen.isLive).toBe(false);
  expect(written.join("")).toBe(`${"x".repeat(100)}\ny\nsaid\nthe end\n`);
});
