/** Where a field of the rendered configuration stands in the declaration; `$1` is the name of the endpoint or dataflow. */
const rules: readonly (readonly [rendered: RegExp, declared: string])[] = [
  [/^endpoints\.([^.]+)\.mqttSettings\.authentication(?:\.method)?$/, "endpoints.$1.authenticationMethod"],
  [/^endpoints\.([^.]+)\.mqttSettings\.authentication\.\w+Settings\.(.+)$/, "endpoints.$1.$2"],
  [/^endpoints\.([^.]+)\.mqttSettings\.tls\.mode$/, "endpoints.$1.tlsMode"],
  [/^endpoints\.([^.]+)\.(?:mqttSettings\.tls|mqttSettings|relay)\.(.+)$/, "endpoints.$1.$2"],
  [/^dataflows\.([^.]+)\.operations\[\d+\]\.sourceSettings\.endpointRef$/, "dataflows.$1.source"],
  [/^dataflows\.([^.]+)\.operations\[\d+\]\.destinationSettings\.endpointRef$/, "dataflows.$1.destination"],
  [
    /^dataflows\.([^.]+)\.operations\[\d+\]\.builtInTransformationSettings\.((?:datasets|filter|map)\b.*)$/,
    "dataflows.$1.transformation.$2",
  ],
  [/^dataflows\.([^.]+)\.operations\[\d+\]\.\w+Settings\.(.+)$/, "dataflows.$1.$2"],
  [/^dataflows\.([^.]+)\.relay\.deadLetter\.endpointRef$/, "dataflows.$1.deadLetter.endpoint"],
  [/^dataflows\.([^.]+)\.relay\.(.+)$/, "dataflows.$1.$2"],
  [/^profile\.instanceCount$/, "instanceCount"],
  [/^profile\.diagnostics\.logs\.level$/, "logLevel"],
  [/^profile\.diagnostics\.metrics\.prometheusPort$/, "metricsPort"],
  [/^relay\.status\.endpointRef$/, "status.endpoint"],
  [/^relay\.(.+)$/, "$1"],
];

/** A field of a named endpoint, as a rule of the configuration says it: `retain of the endpoint "cloud"`. */
const fieldOfEndpoint = /\b(\w+) of the endpoint "([^"]+)"/g;

/**
 * Says a remedy with the names that the arguments have.
 * `set tls.mode to "Enabled"` → `set tlsMode to "Enabled"`
 *
 * @param pathOf where an endpoint was declared; with it `retain of the endpoint "cloud"` → `eventGridEndpoints.cloud.retain`
 */
export function declaredRemedy(
  remedy: string,
  pathOf: (endpoint: string) => string | undefined = () => undefined,
): string {
  return remedy.replaceAll("tls.mode", "tlsMode").replace(fieldOfEndpoint, (text, field: string, endpoint: string) => {
    const path = pathOf(endpoint);
    return path === undefined ? text : `${path}.${field}`;
  });
}

/**
 * Says a path as whoever wrote the declaration knows it.
 * `endpoints.cloud.mqttSettings.tls.mode` → `endpoints.cloud.tlsMode`
 */
export function declaredPath(path: string): string {
  const rule = rules.find(([rendered]) => rendered.test(path));
  return rule === undefined ? path : path.replace(...rule);
}
