import { printable } from "../../contract/printable.ts";
import type { Relay } from "../../relay.ts";
import { plainPage, type Page } from "../page-server.ts";
import { encodeEvent } from "../stream-reader.ts";
import { maxStreams, streamPage, tooMany } from "./event-streams.ts";
import { describeSample } from "./sample.ts";

const notAllowed = plainPage(
  403,
  'the live tap is off; set relay.statusPage.tap to "Metadata" or "Payload" where whoever reaches this page may see messages',
);
const noPayload = plainPage(403, 'payloads are not shown; set relay.statusPage.tap to "Payload" to have them shown');

/** Shows messages of one dataflow to each reader, as the configuration allows it. Keeps none. */
export class TapStreams {
  readonly #relay: Pick<Relay, "dataflows" | "config">;
  #readers = 0;

  constructor(relay: Pick<Relay, "dataflows" | "config">) {
    this.#relay = relay;
  }

  /** @param query `dataflow=NAME`, and `payload=1` to have payloads */
  open(query: string): Page {
    const { tap } = this.#relay.config.relay.statusPage;
    if (tap === "Off") return notAllowed;
    const wanted = new URLSearchParams(query);
    const withPayload = wanted.get("payload") === "1";
    if (withPayload && tap !== "Payload") return noPayload;
    const name = wanted.get("dataflow");
    const dataflow = this.#relay.dataflows.find((one) => one.name === name);
    if (dataflow === undefined)
      return plainPage(404, printable(`there is no dataflow "${name ?? ""}" that runs; give ?dataflow=NAME`));
    if (this.#readers >= maxStreams) return tooMany;
    return streamPage((reader) => {
      this.#readers++;
      const end = dataflow.tap.watch((view, sent) => {
        const sample = describeSample({ dataflow: dataflow.name, view, sent, withPayload });
        reader.write(encodeEvent("message", printable(JSON.stringify(sample))));
      });
      reader.write(": open\n\n");
      reader.onClosed(() => {
        this.#readers--;
        end();
      });
    });
  }
}
