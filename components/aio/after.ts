import * as pulumi from "@pulumi/pulumi";

/** A text that is known in a preview, and whose users are created after a resource and deleted before it. */
export function after(resource: pulumi.Resource, text: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.all([text, resource.urn]).apply(([known]) => known);
}
