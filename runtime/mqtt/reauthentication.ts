import { ConnectionError } from "../contract/errors.ts";
import { withoutSecrets } from "../contract/redact.ts";
import { authenticationRemedy } from "../contract/reason-codes.ts";
import type { ConnectOptions } from "./connect.ts";
import { encodeReauthentication } from "./control-packets.ts";
import { watchAnswer, type Traffic } from "./progress-watch.ts";
import { protocolError } from "./wire/protocol-error.ts";
import { AuthReason } from "./wire/server-packets.ts";

/** What CONNECT said. */
type ReauthenticationOptions = Pick<
  ConnectOptions,
  "peer" | "timeoutMs" | "authenticationMethod" | "authenticationData" | "password" | "secrets"
>;

/** Tokens that are remembered, to leave them out of what the server says. */
const maxShown = 2;

/** What an AUTH says. */
interface Auth {
  readonly reasonCode: number;
  readonly authenticationMethod: string | undefined;
}

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
  readonly #options: ReauthenticationOptions;
  readonly #writer: Writer;
  #settle: ((failure: string | undefined) => void) | undefined;
  /** What was shown by AUTH last; the older one may be valid still. */
  readonly #shown: Buffer[] = [];
  /** AUTH packets that were sent and not answered, those included that nobody waits for any more. */
  #unanswered = 0;

  constructor(options: ReauthenticationOptions, writer: Writer) {
    this.#options = options;
    this.#writer = writer;
  }

  /**
   * Leaves out of a server's own words what it was shown, by CONNECT and after it. All of them go through here before they are in a
   * message.
   */
  withoutShown(said: string | undefined): string | undefined {
    if (said === undefined) return undefined;
    const { password, authenticationData, secrets = [] } = this.#options;
    return withoutSecrets(said, [password, authenticationData, ...secrets, ...this.#shown]);
  }

  /**
   * Sends AUTH 0x19 with the method of CONNECT and waits for its answer.
   * @throws {ConnectionError} when none comes in time, the server asks for a further step, or the connection ends
   */
  async run(data: Buffer): Promise<void> {
    const { peer, authenticationMethod } = this.#options;
    if (!this.#writer.isOpen || authenticationMethod === undefined || this.#settle !== undefined)
      throw new ConnectionError(`${peer} can't be shown another token now`, { retry: "soon" });
    this.#shown.push(data);
    if (this.#shown.length > maxShown) this.#shown.shift();
    const failure = await new Promise<string | undefined>((resolve) => {
      this.#writer.write(encodeReauthentication(authenticationMethod, data));
      this.#unanswered++;
      this.#settle = this.#withTimer(resolve);
    });
    this.#settle = undefined;
    if (failure !== undefined) throw new ConnectionError(`${peer} ${failure}`, { retry: "soon" });
  }

  /**
   * Takes an AUTH that answers CONNECT or a re-authentication; returns why the connection can't go on, if it can't.
   * @throws {ProtocolError} when it answers nothing, or has another method than CONNECT
   */
  onAuth({ reasonCode, authenticationMethod: method }: Auth): string | undefined {
    const { authenticationMethod: ours } = this.#options;
    if (ours === undefined) throw protocolError("AUTH, though CONNECT named no authentication method"); // [MQTT-4.12.0-6]
    if (method !== undefined && method !== ours) throw protocolError("AUTH with another authentication method"); // [MQTT-4.12.0-5]
    const isSuccess = reasonCode === AuthReason.success;
    if (!this.#writer.isOpen && !isSuccess)
      return `asked for another authentication step, which no method here has; ${authenticationRemedy}`;
    if (this.#unanswered === 0) throw protocolError("AUTH, which nobody waits for");
    this.#unanswered--;
    // None of the methods here has a second step: a token is all that there is to show.
    this.#settle?.(isSuccess ? undefined : "answered AUTH with another step, which no method here has");
    return undefined;
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
