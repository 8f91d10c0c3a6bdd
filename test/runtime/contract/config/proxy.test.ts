import { ConfigError } from "../../../../runtime/contract/errors.ts";
import { buildDocument, parseDocument } from "./build-document.ts";

const at = "endpoints.plant.relay.proxy";

function problemOf(changes: Readonly<Record<string, unknown>>): string {
  try {
    parseDocument(buildDocument(changes));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
}

test.each(["http://proxy.plant.example:3128", "https://10.0.0.1", "http://[fd00::1]:3128/", "direct"])(
  "takes %s as the URL of a proxy, for an endpoint and for all",
  (url) => {
    const { config } = parseDocument(buildDocument({ [at]: { url }, "relay.proxy": { url } }));

    expect([config.relay.proxy, config.endpoints["plant"]!.relay.proxy]).toEqual([{ url }, { url }]);
  },
);

test.each(["proxy.plant.example:3128", "socks5://proxy:1080", "http://proxy/path", ""])("refuses %j", (url) => {
  expect(problemOf({ [at]: { url } })).toContain(`${at}.url: is ${JSON.stringify(url)}; give "http://<host>:<port>"`);
});

test("refuses a URL with user name and password, and does not repeat them", () => {
  const message = problemOf({ [at]: { url: "http://plant:hunter2@proxy.example:3128" } });

  expect(message).toContain("with the user name and the password in a Secret");
  expect(message).not.toContain("hunter2");
});

test("never repeats what stands where the name of the Secret belongs", () => {
  expect(problemOf({ [at]: { url: "direct", secretRef: "Hunter2!" } })).not.toContain("Hunter2");
});
