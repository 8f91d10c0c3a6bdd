import { withoutSecrets } from "../../../runtime/contract/redact.ts";
import { growthOf, mostLinearGrowth } from "../../support/growth.ts";

const secret = 'pass w/rd+"ü';
const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZWxheSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

test.each<[string, string]>([
  ["as it is", secret],
  ["encoded for a URL", encodeURIComponent(secret)],
  ["encoded for a URL in lower case", encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase())],
  ["in JSON", JSON.stringify(secret).slice(1, -1)],
  ["in hexadecimal", Buffer.from(secret).toString("hex")],
])("leaves a secret out %s", (_form, said) => {
  expect(withoutSecrets(`user<${said}>wrong, ${said}`, [secret])).toBe("user<…>wrong, …");
});

test.each(["", "u:", "us:", "use:"])('leaves a secret out in Base64 behind "%s", in both alphabets', (before) => {
  for (const alphabet of ["base64", "base64url"] as const) {
    const said = withoutSecrets(`Basic ${Buffer.from(`${before}${secret}~`).toString(alphabet)}`, [secret]);

    expect(said).toMatch(/^Basic .{0,7}….{0,4}$/);
  }
});

test("takes the bytes of a secret, too, also where they are no text", () => {
  const bytes = Buffer.from([0, 255, 254, 1, 2, 253, 252, 9, 8, 7]);

  expect(withoutSecrets(`no ${bytes.toString("hex")} or ${bytes.toString("base64").slice(0, -3)}`, [bytes])).toBe(
    "no … or …",
  );
});

test.each([
  ["a token of ours", token, [token]],
  ["its signature, without which it opens nothing", "c2lnbmF0dXJlLW9mLXRoZS10b2tlbg", [token]],
  ["a token of anybody", token, []],
  ["the start of a token", token.slice(0, 40), []],
])("leaves out %s", (_what, said, secrets) => {
  expect(withoutSecrets(`Bearer ${said}, not known`, secrets)).toBe("Bearer …, not known");
});

test("leaves the pair of user and password out whole, and each of them", () => {
  const secrets = ["plant-7x", "hunter2!", "plant-7x:hunter2!"];

  expect(withoutSecrets("plant-7x:hunter2! or hunter2! of plant-7x", secrets)).toBe("… or … of …");
});

test.each<[string, string, string, string]>([
  ["8 characters, anywhere", "password", "mypasswords", "my…s"],
  ["4 to 7, by itself", "able", "not able, (able): able", "not …, (…): …"],
  ["4 to 7, not within a word", "able", "unable to enable a table", "unable to enable a table"],
  ["4 to 7, not beside a letter that is no ASCII", "able", "äable ableé able1", "äable ableé able1"],
  ["1 to 3, as a value", "abc", `password "abc", pw=abc, pw: abc and 'abc'`, `password "…", pw=…, pw: … and '…'`],
  ["1 to 3, not as a word of a text", "a", "a session of a client has a fault", "a session of a client has a fault"],
  ["a character that a pattern obeys", "a.c*", "a.c* aXcc", "… aXcc"],
])("finds a secret by its length: %s", (_case, short, said, shown) => {
  expect(withoutSecrets(said, [short])).toBe(shown);
});

test("changes no text that has nothing of a secret", () => {
  const said = 'client "oslo-1" is not authorized for a/b; ask for §7';

  expect(withoutSecrets(said, ["", undefined, Buffer.alloc(0), "\ud800", "x", "hunter2!"])).toBe(said);
});

test.each<[string, string, (units: number) => string]>([
  ["a secret that is repeated in part again and again", "ab".repeat(3000), (units) => "aba".repeat(units)],
  ["what begins like a token again and again", "hunter2!", (units) => "eyJ".repeat(units)],
  ["half tokens", "hunter2!", (units) => "eyJaaaaaaaa.".repeat(units)],
  ["a short secret that is in it again and again", "aaaa", (units) => "aaaa".repeat(units)],
])("takes time by the length of a text: %s", (_case, secret, make) => {
  const growth = growthOf(make, (said) => withoutSecrets(said, [secret]), 10_000);

  expect(growth).toBeLessThan(mostLinearGrowth);
});
