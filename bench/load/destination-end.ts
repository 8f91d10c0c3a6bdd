import { PublishView } from "../../runtime/mqtt/publish.ts";
import { Arrivals } from "./arrivals.ts";
import { End, type EndConnection, type EndPacket } from "./end.ts";
import { readNumbers } from "./message.ts";

const pubackType = 0x40;

/** The end that a bridge publishes to: it counts what comes, and acknowledges it or holds that back. */
export class DestinationEnd extends End {
  /** Whether messages are acknowledged. */
  takes = true;
  arrivals = new Arrivals(0);
  firstMs = 0;
  lastMs = 0;
  #load = 0;
  readonly #view = new PublishView();
  #pubacks: Buffer[] = [];

  /** Counts this load from now on. */
  expect(load: number, count: number): void {
    this.#load = load;
    this.arrivals = new Arrivals(count);
    this.firstMs = 0;
  }

  protected override onPublish(_connection: EndConnection, { bytes, start, end, headerLength }: EndPacket): void {
    const view = this.#view.read(bytes, start, end, headerLength);
    if (this.takes && view.qos === 1)
      this.#pubacks.push(Buffer.of(pubackType, 2, view.packetId >> 8, view.packetId & 0xff));
    const numbers = readNumbers(view);
    if (numbers?.load !== this.#load) return;
    this.lastMs = performance.now();
    this.firstMs ||= this.lastMs;
    this.arrivals.add(numbers.message);
  }

  protected override onRead({ socket }: EndConnection): void {
    if (this.#pubacks.length === 0) return;
    socket.write(Buffer.concat(this.#pubacks));
    this.#pubacks = [];
  }
}
