/** Lowest TLS version that a namespace takes; Event Grid has no other. @see Azure REST API, Namespaces (2025-02-15) */
export const minimumTlsVersion = "1.2";
