import pulumi
import pulumi_azure_native.managedidentity as managedidentity
import pulumi_mqtt_dataflow as mqtt

config = pulumi.Config()
resource_group_name = config.require("resourceGroupName")
site = config.require("site")

# What the relay is at Event Grid. The bridge lets the relay's service account have its tokens, and gives it its roles.
identity = managedidentity.UserAssignedIdentity("relay", resource_group_name=resource_group_name)

bridge = mqtt.MqttBridge(
    site,
    site=site,
    event_grid=mqtt.EventGridBrokerSettingsArgs(
        resource_group_name=resource_group_name,
        topic_spaces={
            "telemetry": mqtt.TopicSpaceArgs(topic_templates=[f"sites/{site}/telemetry/#"]),
            "commands": mqtt.TopicSpaceArgs(topic_templates=[f"sites/{site}/commands/#"]),
        },
    ),
    local_endpoints={"edge": mqtt.LocalEndpointSettingsArgs()},
    event_grid_endpoints={"cloud": mqtt.EventGridEndpointSettingsArgs(retain=mqtt.MqttRetain.NEVER)},
    dataflows={
        "telemetry": mqtt.DataflowArgs(
            source="edge",
            data_sources=["plant/+/telemetry/#"],
            destination="cloud",
            data_destination=f"sites/{site}/telemetry/${{inputTopic}}",
        ),
        "commands": mqtt.DataflowArgs(
            source="cloud",
            data_sources=[f"sites/{site}/commands/+"],
            destination="edge",
            data_destination="plant/${inputTopic.4}/commands",
        ),
    },
    identity=mqtt.BridgeIdentityArgs(
        resource_group_name=resource_group_name,
        identity_name=identity.name,
        client_id=identity.client_id,
        tenant_id=identity.tenant_id,
        principal_id=identity.principal_id,
        oidc_issuer_url=config.require("oidcIssuerUrl"),
    ),
    relay=mqtt.RelaySettingsArgs(image=config.require("relayImage")),
)

pulumi.export("hostname", bridge.hostname)
pulumi.export("topicSpaceIds", bridge.topic_space_ids)
