/** A NetworkPolicy as far as the components render it. */
export interface NetworkPolicy {
  readonly spec: { readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] };
}

interface Rule {
  readonly to?: readonly { readonly ipBlock: { readonly cidr: string } }[];
  readonly from?: unknown;
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}

const table = "bridge mqtt_dataflow_policy";

/**
 * Rules of nftables that let a pod begin only the connections that a policy allows, and let others begin only those. They look
 * at the packets that begin a connection, so they need no tracking; the node's own probes come in whatever the policy says.
 */
export function rulesOf(policy: NetworkPolicy, pod: string, node: string): string {
  const out = policy.spec.egress.flatMap((rule) => allow(rule, `ip saddr ${pod}`));
  const into = policy.spec.ingress.flatMap((rule) => {
    if (rule.from !== undefined) throw new Error("a rule names who may come in, which these rules can't");
    return allow(rule, `ip daddr ${pod}`);
  });
  const chain = [
    `ip saddr ${node} accept`,
    ...out,
    ...into,
    `ip saddr ${pod} tcp flags & (syn | ack) == syn drop`,
    `ip daddr ${pod} tcp flags & (syn | ack) == syn drop`,
    `ip saddr ${pod} meta l4proto udp drop`,
  ];
  const chains = ["input", "forward"].map(
    (hook) => `chain ${hook} { type filter hook ${hook} priority 0; policy accept;\n${chain.join("\n")}\n}`,
  );
  return `table ${table} {\n${chains.join("\n")}\n}\n`;
}

export const removeRules = `delete table ${table}\n`;

function allow({ to, ports }: Rule, match: string): string[] {
  const targets = to === undefined ? [""] : to.map(({ ipBlock }) => ` ip daddr ${ipBlock.cidr}`);
  return targets.flatMap((target) =>
    ports.map(({ protocol, port }) => `${match}${target} ${protocol.toLowerCase()} dport ${port} accept`),
  );
}
