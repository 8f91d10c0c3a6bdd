import { SubscriptionIndex } from "../../../emulator/session/subscription-index.ts";
import type { Subscription } from "../../../emulator/session/subscription.ts";

function subscription(filter: string, qos = 1): Subscription {
  return { filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0, identifier: 0 };
}

function directOf(index: SubscriptionIndex<string>, topic: string): string[] {
  return index.match(topic).direct.map(({ subscriber, subscription: { qos } }) => `${subscriber} ${qos}`);
}

test("finds a subscription that came after the topic was asked for, and not one that is gone", () => {
  const index = new SubscriptionIndex<string>();
  const found = [directOf(index, "a/b")];

  index.add("one", subscription("a/+"));
  found.push(directOf(index, "a/b"));
  index.add("two", subscription("a/#"));
  found.push(directOf(index, "a/b"));
  index.remove("one", "a/+");
  found.push(directOf(index, "a/b"));

  expect(found).toEqual([[], ["one 1"], ["one 1", "two 1"], ["two 1"]]);
});

test("replaces a subscriber's earlier subscription with the same filter [MQTT-3.8.4-3]", () => {
  const index = new SubscriptionIndex<string>();

  index.add("one", subscription("a", 1));
  index.add("one", subscription("a", 0));

  expect(directOf(index, "a")).toEqual(["one 0"]);
});

test("keeps a shared subscription apart from a direct one with the same filter", () => {
  const index = new SubscriptionIndex<string>();
  index.add("one", subscription("$share/g/a"));
  index.add("two", subscription("a"));

  index.remove("one", "a");
  index.remove("two", "$share/g/a");

  expect(directOf(index, "a")).toEqual(["two 1"]);
  expect(index.group("$share/g/a")?.members).toHaveLength(1);
});

test("forgets a group with its last member", () => {
  const index = new SubscriptionIndex<string>();
  index.add("one", subscription("$share/g/a"));

  index.remove("one", "$share/g/a");

  expect(index.group("$share/g/a")).toBeUndefined();
  expect(index.match("a").groups).toEqual([]);
});
