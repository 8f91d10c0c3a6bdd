import { ConnectionError } from "../contract/errors.ts";
import { authenticationRemedy, judgeReasonCode } from "../contract/reason-codes.ts";
import type { ConnectOptions } from "./connect.ts";
import { encodeReauthentication } from "./control-packets.ts";
import { watchAnswer, type Traffic } from "./progress-watch.ts";

/** What a re-authentication needs of its connection. */
interface Writer {
  readonly isOpen: boolean;
  readonly traffic: Traffic;
  readonly write: (packet: Buffer) => void;
}

/**
 * Shows new authentication data on one connection, and waits for the server's answer, one at a time.
 * A server that refuses ends the connection with DISCONNECT [MQTT-4.12.1-2]; every other failure leaves it open.
 */
export class Reauthentication {
  readonly #options: Pick<ConnectOptions, "peer" | "timeoutMs" | "authenticationMethod">;
  readonly #writer: Writer;
  #settle: ((failure: string | undefined) => void) | undefined;

  constructor(options: Pick<ConnectOptions, "peer" | "timeoutMs" | "authenticationMethod">, writer: Writer) {
    this.#options = options;
    this.#writer = writer;
  }

  /**
   * Sends AUTH 0x19 with the method of CONNECT and waits for its answer.
   * @throws {ConnectionError} when none comes in time, the server asks for a further step, or the connection ends
   */
  async run(data: Buffer): Promise<void> {
    const { peer, authenticationMethod } = this.#options;
    if (!this.#writer.isOpen || authenticationMethod === undefined || this.#settle !== undefined)
      throw new ConnectionError(`${peer} can't be shown another token now`, { retry: "soon" });
    const failure = await new Promise<string | undefined>((resolve) => {
      this.#writer.write(encodeReauthentication(authenticationMethod, data));
      this.#settle = this.#withTimer(resolve);
    });
    this.#settle = undefined;
    if (failure !== undefined) throw new ConnectionError(`${peer} ${failure}`, { retry: "soon" });
  }

  /** Takes an AUTH; returns why the connection can't go on, if it can't. */
  onAuth(reasonCode: number): string | undefined {
    const isSuccess = judgeReasonCode("AUTH", reasonCode) === "accepted";
    // None of the methods here has a second step: a token is all that there is to show.
    this.#settle?.(isSuccess ? undefined : "answered AUTH with another step, which no method here has");
    // A success that nobody waits for answers what this side had given up waiting for.
    if (this.#settle !== undefined || (isSuccess && this.#writer.isOpen)) return undefined;
    return `asked for another authentication step, which no method here has; ${authenticationRemedy}`;
  }

  /** The connection has ended. */
  onEnd(): void {
    this.#settle?.("ended the connection before it answered AUTH");
  }

  #withTimer(resolve: (failure: string | undefined) => void): (failure: string | undefined) => void {
    const { timeoutMs } = this.#options;
    const options = { timeoutMs, now: () => performance.now() };
    const stop = watchAnswer(this.#writer.traffic, options, () => {
      resolve(`did not answer AUTH within ${timeoutMs} ms`);
    });
    return (failure) => {
      stop();
      resolve(failure);
    };
  }
}
