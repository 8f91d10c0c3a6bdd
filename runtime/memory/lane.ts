/** Memory for one packet, from before it has arrived until nobody needs it any more. */
export interface Room {
  /** Whether it may be used. */
  readonly isGranted: boolean;
  /** Called once it may be used, where that was not at once. In a later turn. */
  onGranted: () => void;
  /** Gives it back; an asking that was not granted is withdrawn. May be called again. */
  release(): void;
}

/** What somebody says who asks for room. */
export interface RoomOptions {
  /** Others wait for room for so long that what is in this one should go, if it can come again. */
  readonly onWanted?: () => void;
}

/** Time that one waits before those who have room are asked to give it back. */
const wantedAfterMs = 10_000;

/**
 * Memory for packets that do not fit into the share of their dataflow with their copies, in the order in which they are asked for.
 * A message that waits here for its destination keeps others from coming; so its dataflow is asked to let go of it.
 */
export class Lane {
  readonly bytes: number;
  readonly #granted = new Set<AskedRoom>();
  readonly #waiting: AskedRoom[] = [];
  #usedBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Asks for room; `undefined` where there never is so much. */
  ask(bytes: number, options: RoomOptions = {}): Room | undefined {
    if (bytes > this.bytes) return undefined;
    const room = new AskedRoom(bytes, this.#release.bind(this), options);
    this.#waiting.push(room);
    this.#grant();
    return room;
  }

  #grant(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#usedBytes + next.bytes > this.bytes) break;
      this.#waiting.shift();
      this.#usedBytes += next.bytes;
      this.#granted.add(next);
      next.grant();
    }
    this.#watch();
  }

  #release(room: AskedRoom): void {
    if (this.#granted.delete(room)) this.#usedBytes -= room.bytes;
    else this.#waiting.splice(this.#waiting.indexOf(room), 1);
    this.#grant();
  }

  /** Tells those who have room, again and again, as long as somebody waits for it. */
  #watch(): void {
    const isWanted = this.#waiting.length > 0;
    if (isWanted === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!isWanted) return;
    this.#timer = setInterval(() => {
      for (const { options } of [...this.#granted]) options.onWanted?.();
    }, wantedAfterMs);
    this.#timer.unref();
  }
}

/** Room that somebody else grants, and takes back. */
export class AskedRoom implements Room {
  readonly bytes: number;
  readonly options: RoomOptions;
  readonly #onRelease: (room: AskedRoom) => void;
  isGranted = false;
  #isReleased = false;
  #other: Room | undefined;
  onGranted: () => void = () => undefined;

  constructor(bytes: number, onRelease: (room: AskedRoom) => void, options: RoomOptions = {}) {
    this.bytes = bytes;
    this.options = options;
    this.#onRelease = onRelease;
  }

  /** It is granted when the other one is, and given back with it. */
  standFor(other: Room | undefined): void {
    this.#other = other;
    if (other?.isGranted !== false) this.grant();
    else
      other.onGranted = () => {
        this.grant();
      };
  }

  grant(): void {
    this.isGranted = true;
    setImmediate(() => {
      if (!this.#isReleased) this.onGranted();
    });
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#other?.release();
    this.#onRelease(this);
  }
}
