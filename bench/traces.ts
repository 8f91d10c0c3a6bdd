import { unboundedShare } from "../runtime/memory/budget.ts";
import { PacketReader } from "../runtime/mqtt/packet-reader.ts";
import { encodeText, encodeUserProperty, PublishView } from "../runtime/mqtt/publish.ts";
import { Forwarder } from "../runtime/queue/forwarder.ts";
import type { Tracer } from "../runtime/queue/ports.ts";
import { Counters } from "../runtime/report/counters.ts";
import { Tap } from "../runtime/report/tap.ts";
import { encodeSpans } from "../runtime/report/traces/encode.ts";
import { createSampler } from "../runtime/report/traces/sampler.ts";
import type { Span } from "../runtime/report/traces/span.ts";
import { DataflowTracer } from "../runtime/report/traces/tracer.ts";
import { createPatch } from "../runtime/rewrite/patch.ts";
import { parseTopicTemplate } from "../runtime/contract/topic/template.ts";
import { medianInterval } from "./measure/statistics.ts";

/**
 * Measures what traces cost a message: CPU time of the queue with a message of 128 bytes and two user properties, from its
 * arrival to the destination's acknowledgement, without sockets. The candidates take turns, since other work on the machine
 * changes all of them alike. With traces, spans are encoded as for a collector, and not sent.
 *
 * Run: `node --expose-gc bench/traces.ts [messages of a round] [rounds]`
 */
const [messages = 100_000, rounds = 15] = process.argv.slice(2).map(Number);
const candidates = { off: undefined, "nothing sampled": 0, "1 %": 0.01, "all messages": 1 } as const;
type Candidate = keyof typeof candidates;

const names = Object.keys(candidates) as Candidate[];
const packets = { plain: packetOf([]), parent: packetOf([`00-${"1".repeat(32)}-${"2".repeat(16)}-01`]) };

/** CPU time of a message in microseconds. */
function measure(ratio: number | undefined, packet: Buffer): number {
  const spans: Span[] = [];
  const side = { host: "broker.example", port: 8883, clientId: "oslo-line-1" };
  const dataflow = {
    name: "flow",
    source: { ...side, template: "a/#" },
    destination: { ...side, template: "b/${inputTopic}" },
  };
  const onSpan = (span: Span) => {
    spans.push(span);
    if (spans.length < 512) return;
    for (const piece of encodeSpans(spans, { "service.name": "relay" }, Date.now())) encodedBytes += piece.length;
    spans.length = 0;
  };
  const tracer =
    ratio === undefined
      ? undefined
      : new DataflowTracer(dataflow, {
          sampler: createSampler({ name: "traceidratio", ratio }, Math.random),
          onSpan,
          now,
        });
  run(tracer, packet, messages / 10); // warm-up
  const before = process.cpuUsage();
  run(tracer, packet, messages);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / messages;
}

let encodedBytes = 0;

function now(): number {
  return 0;
}

function run(tracer: Tracer | undefined, packet: Buffer, count: number): void {
  let lastId = 0;
  const traffic = {
    readBytes: now,
    givenBytes: now,
    pendingBytes: now,
    sendQueue: () => Promise.resolve(undefined),
    isPaused: () => false,
  };
  const template = parseTopicTemplate("b/${inputTopic}");
  if ("problem" in template) throw new Error(template.problem);
  const forwarder = new Forwarder({
    patch: createPatch({ template, qos: 1, retain: "Keep", isEventGrid: false }),
    qos: 1,
    maxInflightMessages: 100,
    maxInflightBytes: 1e9,
    memory: unboundedShare,
    copies: 1,
    onRedeliveryWanted: fail,
    deadLetters: { dataflow: "flow", maxBytes: 1e6 },
    refusalTimeoutMs: 60_000,
    stallTimeoutMs: 60_000,
    onStalled: fail,
    wallTime: () => "",
    undeliverable: "Stop",
    counters: new Counters(),
    tap: new Tap(),
    tracer,
    onStopped: fail,
    onTrouble: fail,
    now,
    schedule: fail,
  });
  const destination = forwarder.openDestination(
    {
      writePublish: ({ bytes, start, packetIdOffset }) => {
        lastId = bytes.readUInt16BE(start + packetIdOffset);
      },
      pendingBytes: 0,
      onceDrained: fail,
      confirm: () => Promise.resolve(true),
      traffic,
    },
    { sessionPresent: false, receiveMaximum: 65_535, maximumPacketBytes: 1e6, retainAvailable: true },
  );
  const source = forwarder.source.open(
    {
      acknowledge: () => undefined,
      setPaused: () => undefined,
      askForRoomAgain: fail,
      writePublish: fail,
      confirm: () => Promise.resolve(true),
      traffic,
    },
    { sessionPresent: false, receiveMaximum: 65_535, maximumPacketBytes: 1e6, maximumQoS: 2 },
  );
  const view = new PublishView();
  const reader = new PacketReader((bytes, start, end, headerLength) => {
    view.read(bytes, start, end, headerLength);
    view.check();
    source.onPublish(view);
    destination.onPuback(lastId, 0);
  });
  for (let index = 0; index < count; index++) reader.push(packet);
}

function fail(): never {
  throw new Error("the queue of this measurement has met something that it must not");
}

function packetOf(parents: readonly string[]): Buffer {
  const properties = Buffer.concat([
    encodeUserProperty("site", "oslo"),
    encodeUserProperty("line", "1"),
    ...parents.map((parent) => encodeUserProperty("traceparent", parent)),
  ]);
  const rest = Buffer.concat([
    encodeText("a/plant/line"),
    Buffer.of(0, 1, properties.length),
    properties,
    Buffer.alloc(128, 120),
  ]);
  const length = rest.length < 128 ? Buffer.of(rest.length) : Buffer.of((rest.length & 0x7f) | 0x80, rest.length >> 7);
  return Buffer.concat([Buffer.of(0x32), length, rest]);
}

for (const [kind, packet] of Object.entries(packets)) {
  const figures = new Map<Candidate, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const turn = round % 2 === 0 ? names : [...names].reverse();
    for (const name of turn) figures.get(name)?.push(measure(candidates[name], packet));
  }
  const off = figures.get("off") ?? [];
  for (const [name, costs] of figures) {
    const ratios = costs.map((cost, round) => cost / (off[round] ?? Number.NaN));
    const added = costs.map((cost, round) => cost - (off[round] ?? Number.NaN));
    console.log(
      `${kind}, ${name}: ${medianInterval(costs).median.toFixed(2)} µs a message, ${medianInterval(ratios).median.toFixed(2)} × off, ${medianInterval(added).median.toFixed(2)} µs more`,
    );
  }
}
if (encodedBytes === 0) throw new Error("nothing was traced");
