import * as pulumi from "@pulumi/pulumi";

/** A text that is known in a preview, and whose users are created after a resource and deleted before it. */
export function after<T extends string | undefined>(
  resource: pulumi.Resource,
  text: pulumi.Input<T>,
): pulumi.Output<T> {
  return pulumi.all([text, resource.urn]).apply(([known]) => known as T);
}
