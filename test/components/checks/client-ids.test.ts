import { checkClientIds, checkSharedClientIds } from "../../../components/checks/client-ids.ts";

const session = (path: string, broker: string, clientId: string) => ({ path, broker, clientId });

test("one client identifier twice at one broker is refused, where it comes the second time", () => {
  const problems = checkClientIds([session("a", "x", "id"), session("b", "x", "other"), session("c", "x", "id")]);

  expect(problems).toEqual([
    {
      path: "c",
      problem: 'opens the session "id", which a opens at the same broker',
      remedy: "give one of the endpoints another clientIdPrefix",
      rule: "client-id",
    },
  ]);
});

test("the same client identifier at another broker is another session", () => {
  expect(checkClientIds([session("a", "x", "id"), session("b", "y", "id")])).toEqual([]);
});

test("client identifiers differ by case, as MQTT's do", () => {
  expect(checkClientIds([session("a", "x", "id"), session("b", "x", "Id")])).toEqual([]);
});

test("sessions are compared with those of others, and not among themselves", () => {
  const own = [session("a", "x", "id"), session("b", "x", "id"), session("c", "x", "taken")];

  const problems = checkSharedClientIds(own, [session('bridge "bergen"', "x", "taken")]);

  expect(problems.map(({ path, problem }) => `${path} ${problem}`)).toEqual([
    'c opens the session "taken", which bridge "bergen" opens at the same broker',
  ]);
});
