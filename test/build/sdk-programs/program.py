"""Of every kind of argument one: maps of objects that take no outputs, words, counts, lists."""

import pulumi
import pulumi_mqtt_dataflow as mqtt

edge = mqtt.LocalEndpoint("edge", keep_alive_seconds=30, qos=mqtt.MqttQos.AT_LEAST_ONCE)
# A count is an int, and nothing else.
port: pulumi.Output[int] = edge.port

bridge = mqtt.MqttBridge(
    "oslo",
    site="oslo",
    local_endpoints={"edge": mqtt.LocalEndpointSettingsArgs(max_inflight_messages=10)},
    custom_endpoints={
        "historian": mqtt.CustomEndpointSettingsArgs(
            host="historian.example:8883",
            authentication_method=mqtt.CustomAuthenticationMethod.X509_CERTIFICATE,
            secret_ref="historian-client",
            session_expiry_seconds=3600,
        ),
    },
    dataflows={
        "telemetry": mqtt.DataflowArgs(
            source="edge",
            data_sources=["plant/+/telemetry/#"],
            destination="historian",
            data_destination="oslo/${inputTopic}",
            max_hops=3,
        ),
    },
    relay=mqtt.RelaySettingsArgs(image="relay:1", instance_count=1),
)
name: pulumi.Output[str | None] = bridge.stateful_set_name

mqtt.LocalEndpoint("fraction", keep_alive_seconds=1.5)  # type: ignore[call-overload]
