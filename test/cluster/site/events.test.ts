import { isUnavoidable } from "./events.ts";

test.each([
  'FailedMount: MountVolume.SetUp failed for volume "config" : failed to sync configmap cache: timed out waiting for the condition',
  'FailedMount: MountVolume.SetUp failed for volume "plant" : failed to sync secret cache: timed out waiting for the condition',
  'FailedMount: MountVolume.SetUp failed for volume "config" : object "plant"/"relay-config" not registered',
  'FailedCreate: create Pod relay-0 in StatefulSet relay failed error: failed to create PVC spool-relay-0: persistentvolumeclaims "spool-relay-0" already exists',
  'FailedScheduling: 0/1 nodes are available: persistentvolumeclaim "spool-relay-0" not found. not found',
  `GitOperationFailed: failed to checkout and determine revision: unable to list remote for 'http://git/site.git': Get "http://git/site.git/info/refs": context canceled`,
])(
  "a warning that a program of the cluster gives when it hears late of something, or is stopped, is no failure: %s",
  (text) => {
    expect(isUnavoidable(text)).toBe(true);
  },
);

test.each([
  'FailedMount: MountVolume.SetUp failed for volume "config" : configmap "relay-config" not found',
  "FailedMount: Unable to attach or mount volumes: unmounted volumes=[spool]: timed out waiting for the condition",
  'FailedCreate: create Pod relay-0 in StatefulSet relay failed error: pods "relay-0" is forbidden: violates PodSecurity "restricted:latest"',
  "GitOperationFailed: failed to checkout and determine revision: authentication required",
  "FailedScheduling: 0/1 nodes are available: 1 Insufficient memory.",
  "Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503",
  "BackOff: Back-off restarting failed container relay in pod relay-0",
])("a warning that what is deployed may draw is one: %s", (text) => {
  expect(isUnavoidable(text)).toBe(false);
});
