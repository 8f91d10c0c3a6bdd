import { artemisConfiguration } from "../../../bench/spool/artemis.ts";
import { mosquittoConfiguration } from "../../../bench/spool/mosquitto.ts";

test("Artemis syncs its journal before it acknowledges, and pages nothing out of it", () => {
  const text = artemisConfiguration(1884);

  for (const name of [
    "persistence-enabled",
    "journal-datasync",
    "journal-sync-transactional",
    "journal-sync-non-transactional",
  ])
    expect(text).toContain(`<${name}>true</${name}>`);
  expect(text).toContain("<max-size-bytes>-1</max-size-bytes>");
  expect(text).toContain("tcp://127.0.0.1:1884?protocols=MQTT");
});

test("mosquitto keeps everything, in the folder that it is given", () => {
  const lines = mosquittoConfiguration({ folder: "/data/one", window: 1000, env: {} }, 1884, 1885).split("\n");

  expect(lines).toEqual(
    expect.arrayContaining([
      "listener 1884 127.0.0.1",
      "address 127.0.0.1:1885",
      "persistence true",
      "persistence_location /data/one/",
      "max_queued_messages 0",
      "max_inflight_messages 1000",
      "cleansession false",
    ]),
  );
});
