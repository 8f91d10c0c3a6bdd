import { End, type EndConnection } from "./end.ts";
import { encodeTemplate, writeMessage, type MessageShape, type MessageTemplate } from "./message.ts";

/** Bytes that are written at once. */
const batchBytes = 64 * 1024;
const lastPacketId = 65_535;

interface Load {
  readonly number: number;
  readonly count: number;
  readonly template: MessageTemplate;
  sent: number;
  acknowledged: number;
  readonly resolve: () => void;
}

/** The end that a bridge subscribes to: it gives a load as fast as the acknowledgements allow. */
export class SourceEnd extends End {
  #subscriber: EndConnection | undefined;
  #load: Load | undefined;
  #onSubscriber: () => void = () => undefined;

  constructor() {
    super(lastPacketId);
  }

  /** Resolves once a bridge has subscribed, and its connection is open. */
  async untilSubscribed(): Promise<void> {
    if (this.#subscriber?.socket.destroyed === false) return;
    await new Promise<void>((resolve) => (this.#onSubscriber = resolve));
  }

  /** Gives a load of QoS 1; resolves once all of it is acknowledged. */
  async give(shape: MessageShape, number: number, count: number): Promise<void> {
    await this.untilSubscribed();
    await new Promise<void>((resolve) => {
      this.#load = { number, count, template: encodeTemplate(shape), sent: 0, acknowledged: 0, resolve };
      this.#pump();
    });
    this.#load = undefined;
  }

  protected override onSubscribed(connection: EndConnection): void {
    this.#subscriber = connection;
    this.#onSubscriber();
  }

  protected override onPuback(): void {
    const load = this.#load;
    if (load === undefined) return;
    load.acknowledged++;
    if (load.acknowledged === load.count) load.resolve();
  }

  protected override onRead(): void {
    this.#pump();
  }

  #pump(): void {
    const load = this.#load;
    const to = this.#subscriber;
    if (load === undefined || to === undefined) return;
    for (;;) {
      const window = to.receiveMaximum - (load.sent - load.acknowledged);
      const size = load.template.packet.length;
      const most = Math.min(window, load.count - load.sent, Math.max(1, Math.floor(batchBytes / size)));
      if (most <= 0) return;
      const batch = Buffer.allocUnsafe(most * size);
      for (let index = 0; index < most; index++) {
        const message = load.sent++;
        writeMessage(load.template, batch, index * size, {
          packetId: (message % lastPacketId) + 1,
          load: load.number,
          message,
        });
      }
      to.socket.write(batch);
    }
  }
}
