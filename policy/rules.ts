import type { Rule } from "./rule.ts";
import { endpointTls } from "./rules/endpoint-tls.ts";
import { namespacePublicAccess, namespaceSessions, namespaceTls } from "./rules/namespace.ts";
import { relayGracePeriod, relayStatefulSet } from "./rules/relay-workload.ts";
import { restrictedPods } from "./rules/restricted-pods.ts";
import { dataRoleScope, privilegedRole } from "./rules/roles.ts";
import { noSecretInConfigMap } from "./rules/secrets.ts";
import { topicSpaceWildcard } from "./rules/topic-space.ts";

/** Every rule of the pack. */
export const rules: readonly Rule[] = [
  endpointTls,
  namespaceTls,
  namespaceSessions,
  namespacePublicAccess,
  topicSpaceWildcard,
  dataRoleScope,
  privilegedRole,
  restrictedPods,
  relayStatefulSet,
  relayGracePeriod,
  noSecretInConfigMap,
];
