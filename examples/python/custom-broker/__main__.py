import pulumi
import pulumi_mqtt_dataflow as mqtt

config = pulumi.Config()
site = config.require("site")

bridge = mqtt.MqttBridge(
    site,
    site=site,
    local_endpoints={"edge": mqtt.LocalEndpointSettingsArgs()},
    custom_endpoints={
        "historian": mqtt.CustomEndpointSettingsArgs(
            host=config.require("brokerHost"),
            authentication_method=mqtt.CustomAuthenticationMethod.X509_CERTIFICATE,
            secret_ref="historian-client",
            trusted_ca_certificate_config_map_ref="historian-ca",
            retain=mqtt.MqttRetain.KEEP,
        ),
    },
    dataflows={
        "telemetry": mqtt.DataflowArgs(
            source="edge",
            data_sources=["plant/+/telemetry/#"],
            destination="historian",
            data_destination=f"{site}/${{inputTopic}}",
        ),
    },
    relay=mqtt.RelaySettingsArgs(
        image=config.require("relayImage"),
        secrets={
            "historian-client": mqtt.SecretContentArgs(
                client_certificate=config.require("clientCertificate"),
                client_key=config.require_secret("clientKey"),
            ),
        },
        trust_bundles={"historian-ca": config.require("brokerCa")},
    ),
)

pulumi.export("statefulSetName", bridge.stateful_set_name)
