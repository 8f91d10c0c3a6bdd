import pulumi_mqtt_dataflow as mqtt

mqtt.MqttBridge(
    "oslo",
    site="oslo",
    local_endpoints={"edge": mqtt.DataflowArgs(source="edge")},
    event_grid_endpoints={"cloud": mqtt.EventGridEndpointSettingsArgs(retain=mqtt.MqttRetain.SOMETIMES)},
    dataflows={"telemetry": mqtt.DataflowArgs(source="edge", dataSources=["a"])},
    relay=mqtt.RelaySettingsArgs(image="relay"),
)
