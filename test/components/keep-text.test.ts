import { keepText } from "../../components/keep-text.ts";

test("an error keeps the text that it was made with, whoever writes another into it", () => {
  const error = keepText(new RangeError("oslo has 1 problem"));

  error.message = `error serializing property "data": ${error.message}`;

  expect(error.message).toBe("oslo has 1 problem");
  expect(error).toBeInstanceOf(RangeError);
});
