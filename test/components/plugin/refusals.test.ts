import * as pulumi from "@pulumi/pulumi";

import { Refusals } from "../../../components/plugin/refusals.ts";

/** Lets everything that is ready run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("answers with a refusal, as an error of the kind that a plugin's host shows without a stack", async () => {
  const refusals = new Refusals();

  const error: unknown = await refusals
    .answering(() => Promise.reject(refusals.create("oslo has 1 problem:")))
    .catch((cause: unknown) => cause);

  expect(pulumi.InputPropertiesError.isInstance(error)).toBe(true);
  expect(error).toMatchObject({ message: "oslo has 1 problem:", errors: [], stack: "oslo has 1 problem:" });
});

test("answers with a refusal that comes from an output while the component still waits", async () => {
  const refusals = new Refusals();
  let thrown: Error | undefined;

  const answer = refusals.answering(async () => {
    setImmediate(() => {
      thrown = refusals.create("edge has 1 problem:");
      // What Pulumi does to an error on its way.
      thrown.message = `error serializing property "host": ${thrown.message}`;
    });
    await new Promise(() => undefined);
  });

  await expect(answer).rejects.toMatchObject({ message: "edge has 1 problem:" });
  expect(refusals.isAnswered(thrown)).toBe(true);
});

test("keeps two constructions at the same time apart", async () => {
  const refusals = new Refusals();

  const refused = refusals.answering(async () => {
    await turn();
    throw refusals.create("oslo has 1 problem:");
  });
  const constructed = refusals.answering(async () => {
    await turn();
    return "bergen";
  });

  await expect(refused).rejects.toMatchObject({ message: "oslo has 1 problem:" });
  await expect(constructed).resolves.toBe("bergen");
});

test("leaves to the host what nobody was waiting for", async () => {
  const refusals = new Refusals();
  let late: Error | undefined;

  await refusals.answering(() => {
    setTimeout(() => {
      late = refusals.create("oslo has 1 problem:");
    }, 1);
    return Promise.resolve();
  });
  while (late === undefined) await turn();

  expect(refusals.isAnswered(late)).toBe(false);
  expect(refusals.isAnswered(undefined)).toBe(false);
});

test("hides a refusal that an output comes to after the constructor has been refused: the engine was told once", async () => {
  const refusals = new Refusals();
  let late: Error | undefined;

  const refused = refusals.answering(() => {
    setTimeout(() => {
      late = refusals.create("oslo has 1 problem: clientIdPrefix");
    }, 1);
    return Promise.reject(refusals.create("oslo has 1 problem: host"));
  });

  await expect(refused).rejects.toMatchObject({ message: "oslo has 1 problem: host" });
  while (late === undefined) await turn();
  expect(refusals.isAnswered(late)).toBe(true);
});
