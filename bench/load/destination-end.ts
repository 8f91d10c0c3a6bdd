import { PublishView } from "../../runtime/mqtt/publish.ts";
import { ArrivalCount, encodePuback, type Destination } from "./destination.ts";
import { End, type EndConnection, type EndPacket } from "./end.ts";

/** The end that a bridge publishes to: it counts what comes, and acknowledges it or holds that back. */
export class DestinationEnd extends End implements Destination {
  readonly count = new ArrivalCount();
  /** Whether messages are acknowledged. */
  takes = true;
  readonly #view = new PublishView();
  #pubacks: Buffer[] = [];

  protected override onPublish(_connection: EndConnection, { bytes, start, end, headerLength }: EndPacket): void {
    const view = this.#view.read(bytes, start, end, headerLength);
    if (this.takes && view.qos === 1) this.#pubacks.push(encodePuback(view.packetId));
    this.count.note(view);
  }

  protected override onRead({ socket }: EndConnection): void {
    if (this.#pubacks.length === 0) return;
    socket.write(Buffer.concat(this.#pubacks));
    this.#pubacks = [];
  }
}
