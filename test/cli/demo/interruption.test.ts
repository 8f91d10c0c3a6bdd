import { watchInterruption } from "../../../cli/demo/interruption.ts";

const before = process.listenerCount("SIGINT");

function listen() {
  const exit = jest.spyOn(process, "exit").mockImplementation((() => undefined) as unknown as typeof process.exit);
  const clock = jest.spyOn(performance, "now").mockReturnValue(0);
  return { exit, clock, interruption: watchInterruption() };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s asks for the end", (name) => {
  const { exit, interruption } = listen();

  process.emit(name);

  expect(interruption.signal.aborted).toBe(true);
  expect(exit).not.toHaveBeenCalled();
  interruption.close();
});

test("a Ctrl-C that npm hands on is not a second one", () => {
  const { exit, clock, interruption } = listen();

  process.emit("SIGINT");
  clock.mockReturnValue(400);
  process.emit("SIGINT");

  expect(exit).not.toHaveBeenCalled();
  interruption.close();
});

test("a second Ctrl-C ends the process at once", () => {
  const { exit, clock, interruption } = listen();

  process.emit("SIGINT");
  clock.mockReturnValue(600);
  process.emit("SIGINT");

  expect(exit).toHaveBeenCalledWith(1);
  interruption.close();
});

test("closed, it leaves the signals to Node.js", () => {
  const { interruption } = listen();

  interruption.close();

  expect(process.listenerCount("SIGINT")).toBe(before);
});
