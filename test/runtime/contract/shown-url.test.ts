import { shownUrl, withoutUser } from "../../../runtime/contract/shown-url.ts";

test.each([
  ["http://proxy.example:3128", "http://proxy.example:3128"],
  ["broker.example:8883", "broker.example:8883"],
  ["broker.example:443/mqtt", "broker.example:443/mqtt"],
  ["[2001:db8::1]:8883", "[2001:db8::1]:8883"],
  ["", ""],
])("shows %s as it is", (given, shown) => {
  expect(shownUrl(given)).toBe(shown);
});

const secret = "Pa55";

test.each([
  ["user and password", `http://user:${secret}@proxy.example:3128`, "http://…@proxy.example:3128"],
  ["a password alone", `http://:${secret}@proxy.example:3128`, "http://…@proxy.example:3128"],
  ["a slash in the password", `http://user:a/${secret}@proxy.example:3128`, "http://…@proxy.example:3128"],
  ["a question mark in the password", `http://user:a?${secret}@proxy.example:3128`, "http://…@proxy.example:3128"],
  ["a number sign in the password", `http://user:a#${secret}@proxy.example:3128`, "http://…@proxy.example:3128"],
  ["an @ in the password", `http://user:a@${secret}@proxy.example:3128`, "http://…@proxy.example:3128"],
  ["blanks in the password", `http://user:a ${secret} b@proxy.example:3128`, "http://…@proxy.example:3128"],
  ["no scheme", `user:${secret}@broker.example:8883`, "…@broker.example:8883"],
  ["a slip in the scheme", `http:/user:${secret}@proxy.example`, "…@proxy.example"],
  ["a port that is none", `mqtts://user:${secret}@broker.example:x`, "mqtts://…@broker.example:x"],
  ["a signature in the query", `https://broker.example:443/mqtt?sig=${secret}`, "https://broker.example:443/mqtt…"],
  ["a fragment", `https://broker.example#${secret}`, "https://broker.example…"],
  ["a connection string", `HostName=broker.example;SharedAccessKey=${secret}=`, "HostName…"],
])("leaves out the secret of a URL with %s", (_case, given, shown) => {
  expect(shownUrl(given)).toBe(shown);
  expect(shownUrl(given)).not.toContain(secret);
});

test("leaves out nothing but the user where more than an address is shown", () => {
  expect(withoutUser("a:1=b=c")).toBe("a:1=b=c");
  expect(withoutUser(`a:1=mqtt://user:${secret}=@b:2`)).toBe("…@b:2");
});
