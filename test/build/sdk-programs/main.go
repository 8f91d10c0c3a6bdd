package main

import (
	"example.com/pulumi-mqtt-dataflow/sdk/go/mqttdataflow"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Of every kind of argument one: maps of objects that take no outputs, words, counts, lists.
func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		bridge, err := mqttdataflow.NewMqttBridge(ctx, "oslo", &mqttdataflow.MqttBridgeArgs{
			Site:           "oslo",
			LocalEndpoints: map[string]mqttdataflow.LocalEndpointSettingsArgs{"edge": {Qos: mqttdataflow.MqttQosAtLeastOnce}},
			CustomEndpoints: map[string]mqttdataflow.CustomEndpointSettingsArgs{
				"historian": {
					Host:                 pulumi.String("historian.example:8883"),
					AuthenticationMethod: mqttdataflow.CustomAuthenticationMethodX509Certificate,
					SecretRef:            pulumi.String("historian-client"),
					KeepAliveSeconds:     pulumi.Int(30),
				},
			},
			Dataflows: map[string]mqttdataflow.DataflowArgs{
				"telemetry": {
					Source:          "edge",
					DataSources:     []string{"plant/+/telemetry/#"},
					Destination:     "historian",
					DataDestination: "oslo/${inputTopic}",
				},
			},
			Relay: &mqttdataflow.RelaySettingsArgs{Image: pulumi.String("relay:1"), InstanceCount: pulumi.IntRef(2)},
		})
		if err != nil {
			return err
		}
		_, err = mqttdataflow.NewTopicSpaceAccess(ctx, "access", &mqttdataflow.TopicSpaceAccessArgs{
			PrincipalId: pulumi.String("principal"),
			TopicSpaces: map[string]mqttdataflow.GrantedTopicSpaceArgs{},
		})
		ctx.Export("statefulSetName", bridge.StatefulSetName)
		return err
	})
}
