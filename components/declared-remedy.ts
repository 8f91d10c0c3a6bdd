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
