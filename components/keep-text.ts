/**
 * Lets nobody change an error's text. Pulumi's SDK puts the name of every property that waits for a value before the
 * text of the error that the value ends in, into one and the same error: `error serializing property "data": error
 * serializing property "metadata": …`.
 */
export function keepText<E extends Error>(error: E): E {
  const { message } = error;
  return Object.defineProperty(error, "message", { get: () => message, set: () => undefined });
}
