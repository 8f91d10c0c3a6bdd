import { Fifo } from "../../../emulator/session/fifo.ts";

test("gives 10,000 items back in the order they came, while more come", () => {
  const fifo = new Fifo<number>();
  const taken: (number | undefined)[] = [];

  for (let item = 0; item < 10_000; item += 1) {
    fifo.push(item);
    if (item % 3 === 0) taken.push(fifo.shift());
  }
  while (fifo.length > 0) taken.push(fifo.shift());

  expect(taken).toEqual(Array.from({ length: 10_000 }, (_, item) => item));
  expect(fifo.shift()).toBeUndefined();
});
