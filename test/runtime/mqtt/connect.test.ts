import { encodeConnect, readLimits, type ConnectOptions } from "../../../runtime/mqtt/connect.ts";
import { connack, decode } from "./scripted-broker.ts";

const minimal: ConnectOptions = {
  peer: "source edge (broker.example:8883)",
  clientId: "c1",
  cleanStart: false,
  sessionExpirySeconds: 3600,
  keepAliveSeconds: 60,
  receiveMaximum: 100,
  timeoutMs: 1000,
};

function connectOf(change: Partial<ConnectOptions>) {
  return decode(encodeConnect({ ...minimal, ...change }))[0];
}

describe("encodeConnect", () => {
  test("writes MQTT 5's CONNECT and nothing that was not asked for", () => {
    const expected = [
      [0x10, 0x17], // CONNECT, 23 bytes
      [0, 4, ...Buffer.from("MQTT"), 5],
      [0], // neither Clean Start nor will, user name or password
      [0, 60],
      [8, 0x11, 0, 0, 0x0e, 0x10, 0x21, 0, 100], // session expiry interval, Receive Maximum
      [0, 2, ...Buffer.from("c1")],
    ].flat();

    expect([...encodeConnect(minimal)]).toEqual(expected);
  });

  test.each<[string, Partial<ConnectOptions>, object]>([
    ["the client identifier", { clientId: "oslo-up-0-source" }, { clientId: "oslo-up-0-source" }],
    ["Clean Start", { cleanStart: true }, { clean: true }],
    ["keep alive", { keepAliveSeconds: 1160 }, { keepalive: 1160 }],
    ["a keep alive that is off", { keepAliveSeconds: 0 }, { keepalive: 0 }],
    ["the user name", { username: "device-7" }, { username: "device-7" }],
    [
      "the password, in any bytes",
      { username: "device-7", password: Buffer.from([1, 0xff]) },
      { username: "device-7", password: Buffer.from([1, 0xff]) },
    ],
    ["an access token that has no user name", { password: Buffer.from("token") }, { password: Buffer.from("token") }],
  ])("says %s", (_what, change, expected) => {
    expect(connectOf(change)).toMatchObject(expected);
  });

  test.each<[string, Partial<ConnectOptions>, object]>([
    ["Receive Maximum", { receiveMaximum: 65_535 }, { receiveMaximum: 65_535 }],
    ["the session expiry interval", { sessionExpirySeconds: 0xffff_ffff }, { sessionExpiryInterval: 0xffff_ffff }],
    ["a session that ends with its connection", { sessionExpirySeconds: 0 }, { sessionExpiryInterval: 0 }],
    [
      "the authentication method and its data",
      { authenticationMethod: "OAUTH2-JWT", authenticationData: Buffer.from("a.b.c") },
      { authenticationMethod: "OAUTH2-JWT", authenticationData: Buffer.from("a.b.c") },
    ],
  ])("says %s in its properties", (_what, change, expected) => {
    expect(connectOf(change)).toMatchObject({ properties: expected });
  });

  test("announces no Maximum Packet Size: larger messages would vanish at the source", () => {
    expect(connectOf({})).not.toHaveProperty("properties.maximumPacketSize");
  });

  test("sends no user properties, which Event Grid refuses in CONNECT, and takes no topic aliases", () => {
    expect(connectOf({})).not.toHaveProperty("properties.userProperties");
    expect(connectOf({})).not.toHaveProperty("properties.topicAliasMaximum");
  });
});

describe("readLimits", () => {
  test("fills in what MQTT 5 says where the server says nothing, and bounds it by the packet identifiers that there are", () => {
    expect(readLimits(connack())).toEqual({
      sessionPresent: false,
      receiveMaximum: 64_999,
      maximumQoS: 2,
      retainAvailable: true,
      maximumPacketBytes: Infinity,
      sharedSubscriptionAvailable: true,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: true,
      sessionExpirySeconds: undefined,
    });
  });

  test.each([
    [64_998, 64_998],
    [64_999, 64_999],
    [65_000, 64_999],
    [65_535, 64_999],
  ])("takes a Receive Maximum of %d for %d: identifiers above that are not for PUBLISH", (receiveMaximum, expected) => {
    expect(readLimits(connack({ properties: { receiveMaximum } })).receiveMaximum).toBe(expected);
  });

  test("reads everything that the server announces", () => {
    const properties = {
      receiveMaximum: 16,
      maximumQoS: 0,
      retainAvailable: false,
      maximumPacketSize: 524_288,
      sharedSubscriptionAvailable: false,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sessionExpiryInterval: 60,
    };

    expect(readLimits(connack({ sessionPresent: true, properties }))).toEqual({
      sessionPresent: true,
      receiveMaximum: 16,
      maximumQoS: 0,
      retainAvailable: false,
      maximumPacketBytes: 524_288,
      sharedSubscriptionAvailable: false,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sessionExpirySeconds: 60,
    });
  });
});
