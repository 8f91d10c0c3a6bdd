import type * as pulumi from "@pulumi/pulumi";

interface Texts {
  readonly [name: string]: string;
}

/** Adds what the organisation asks of every resource. */
export const houseRules: pulumi.ResourceTransform = ({ type, props, opts }) => {
  if (type === "azure-native:eventgrid:Namespace") {
    const tags = { ...(props["tags"] as Texts | undefined), costCentre: "4711" };
    return { props: { ...props, tags }, opts };
  }
  if (type === "kubernetes:apps/v1:StatefulSet") {
    const metadata = props["metadata"] as { readonly annotations?: Texts };
    const annotations = { ...metadata.annotations, "example.com/owner": "edge-team" };
    return { props: { ...props, metadata: { ...metadata, annotations } }, opts };
  }
  return undefined;
};
