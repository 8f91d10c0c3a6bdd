import { clock, count, duration, bytes } from "./format.ts";
import type { EndpointReport, LimitsReport, StatusDocument } from "./types.ts";

const kinds: Readonly<Record<EndpointReport["credentials"][number]["kind"], string>> = {
  token: "token",
  client_certificate: "certificate",
  ca_certificate: "CA",
};
/** A credential that ends sooner is marked; tokens are renewed all the time. */
const soonSeconds = 24 * 3600;

/** The brokers: who the relay is there, what ends when, and what they announced. */
export function Endpoints({ status }: { readonly status: StatusDocument }) {
  const used = new Set(status.dataflows.flatMap(({ source, destination }) => [source.endpoint, destination.endpoint]));
  return (
    <section aria-labelledby="endpoints">
      <h2 id="endpoints">Endpoints</h2>
      <table class="cards">
        <thead>
          <tr>
            {["Endpoint", "Identity", "Ends", "Limits"].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {status.endpoints.map((endpoint) => (
            <Row key={endpoint.name} {...{ endpoint, status, isUsed: used.has(endpoint.name) }} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RowProps {
  readonly endpoint: EndpointReport;
  readonly status: StatusDocument;
  readonly isUsed: boolean;
}

function Row({ endpoint, status, isUsed }: RowProps) {
  const { name, host, hostType, protocol, tls, proxy, method, identity, credentials } = endpoint;
  return (
    <tr>
      <th scope="row">
        {name}
        <span class="muted">
          {host}
          <br />
          {hostType}, {protocol === "WebSockets" ? "WebSockets" : "MQTT"}
          {tls ? ", TLS" : ", not encrypted"}
          {proxy !== null && `, by ${proxy}`}
        </span>
      </th>
      <td data-title="Identity">
        {identity} <span class="muted">{method}</span>
      </td>
      <td data-title="Ends">
        {credentials.length === 0
          ? "–"
          : credentials.map((credential) => (
              <End key={credential.name + credential.endsAt} {...{ credential, now: status.time }} />
            ))}
      </td>
      <td data-title="Limits">{isUsed ? <Limits limits={limitsOf(status, name)} /> : "not used"}</td>
    </tr>
  );
}

interface EndProps {
  readonly credential: EndpointReport["credentials"][number];
  readonly now: string;
}

function End({ credential: { kind, name, endsAt }, now }: EndProps) {
  const left = (Date.parse(endsAt) - Date.parse(now)) / 1000;
  const isSoon = kind !== "token" && left < soonSeconds;
  return (
    <span class={`end ${left <= 0 || isSoon ? "soon" : ""}`} title={clock(endsAt)}>
      {left <= 0 ? "ended" : `in ${duration(left)}`}{" "}
      <span class="muted">
        {kinds[kind]}
        {kind === "token" ? "" : ` ${name}`}
      </span>
    </span>
  );
}

/** What the broker announced to any of the connections there: they are all told the same. */
function limitsOf(status: StatusDocument, endpoint: string): LimitsReport | undefined {
  const sides = status.dataflows.flatMap(({ source, destination }) => [source, destination]);
  return sides.find((side) => side.endpoint === endpoint && side.limits !== null)?.limits ?? undefined;
}

function Limits({ limits }: { readonly limits: LimitsReport | undefined }) {
  if (limits === undefined) return <>not connected yet</>;
  const { receiveMaximum, maximumPacketBytes, maximumQoS, retainAvailable, sharedSubscriptionAvailable } = limits;
  const said = [
    `${count(receiveMaximum)} in flight`,
    maximumPacketBytes === null ? "packets of any size" : `packets up to ${bytes(maximumPacketBytes)}`,
    `QoS up to ${maximumQoS}`,
    ...(retainAvailable ? [] : ["no retained messages"]),
    ...(sharedSubscriptionAvailable ? [] : ["no shared subscriptions"]),
  ];
  return <>{said.join(", ")}</>;
}
