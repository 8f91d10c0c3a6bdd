/** The image of the process that holds a pod's namespaces. */
export const pauseImage = "localhost/mqtt-dataflow-pause:1";

/** The relay's image, as manifests name it. */
export const relayImage = "localhost/mqtt-dataflow-relay:dev";

/** The image of the release before. */
export const earlierImage = "localhost/mqtt-dataflow-relay:0.1.0";
