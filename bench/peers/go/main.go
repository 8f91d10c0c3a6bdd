// A bridge on Eclipse Paho for Go (MQTT 5). It acknowledges a message to the source after the destination has
// acknowledged it. Argument: a file with the route.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session"
	"github.com/eclipse/paho.golang/paho/session/state"
)

const (
	keepAliveSeconds     = 60
	sessionExpirySeconds = 3600
	// A publisher waits so long for room in the window.
	packetTimeout = 10 * time.Minute
)

// One side of a bridge, on 127.0.0.1.
type side struct {
	Port   int
	CaFile string // PEM; empty: without TLS
}

// What a bridge is told to do: Route in peer.ts.
type route struct {
	Source, Destination side
	Filters             []string
	Qos                 byte
	Window              uint16
}

// A session that tells of each acknowledgement. Messages are published one after the other, as they came, and the
// library's asynchronous publishing tells of none.
type tellingSession struct {
	session.SessionManager
	acknowledge func(*paho.Publish) error
	next        *paho.Publish // the message that is being published
	mutex       sync.Mutex
	inFlight    map[uint16]*paho.Publish // by packet identifier at the destination
}

func (s *tellingSession) AddToSession(
	ctx context.Context, packet session.Packet, response chan<- packets.ControlPacket,
) error {
	err := s.SessionManager.AddToSession(ctx, packet, response)
	if publish, isPublish := packet.(*packets.Publish); err == nil && isPublish {
		s.mutex.Lock()
		s.inFlight[publish.PacketID] = s.next
		s.mutex.Unlock()
	}
	return err
}

func (s *tellingSession) PacketReceived(packet *packets.ControlPacket, publishes chan<- *packets.Publish) error {
	err := s.SessionManager.PacketReceived(packet, publishes)
	if packet.Type == packets.PUBACK {
		s.mutex.Lock()
		message := s.inFlight[packet.PacketID()]
		delete(s.inFlight, packet.PacketID())
		s.mutex.Unlock()
		if message != nil {
			check(s.acknowledge(message))
		}
	}
	return err
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	var route route
	check(json.Unmarshal(text, &route))
	ctx := context.Background()

	var source *paho.Client
	telling := &tellingSession{
		SessionManager: state.NewInMemory(),
		acknowledge:    func(message *paho.Publish) error { return source.Ack(message) },
		inFlight:       map[uint16]*paho.Publish{},
	}
	destination := connect(ctx, route.Destination, "paho-destination", route.Window, paho.ClientConfig{Session: telling})
	passOn := func(received paho.PublishReceived) (bool, error) {
		message := received.Packet
		copied := *message
		telling.next = message
		_, err := destination.PublishWithOptions(ctx, &copied, paho.PublishOptions{Method: paho.PublishMethod_AsyncSend})
		check(err)
		return true, nil
	}
	source = connect(ctx, route.Source, "paho-source", route.Window, paho.ClientConfig{
		EnableManualAcknowledgment: true,
		OnPublishReceived:          []func(paho.PublishReceived) (bool, error){passOn},
	})
	var subscriptions []paho.SubscribeOptions
	for _, filter := range route.Filters {
		subscriptions = append(subscriptions, paho.SubscribeOptions{Topic: filter, QoS: route.Qos, RetainAsPublished: true})
	}
	_, err = source.Subscribe(ctx, &paho.Subscribe{Subscriptions: subscriptions})
	check(err)
	select {
	case <-source.Done():
	case <-destination.Done():
	}
}

func connect(ctx context.Context, side side, clientID string, window uint16, config paho.ClientConfig) *paho.Client {
	config.Conn = dial(side)
	config.PacketTimeout = packetTimeout
	config.OnClientError = func(err error) { log.Print(err) }
	client := paho.NewClient(config)
	expiry := uint32(sessionExpirySeconds)
	_, err := client.Connect(ctx, &paho.Connect{
		ClientID:   clientID,
		KeepAlive:  keepAliveSeconds,
		Properties: &paho.ConnectProperties{SessionExpiryInterval: &expiry, ReceiveMaximum: &window},
	})
	check(err)
	return client
}

func dial(side side) net.Conn {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(side.Port))
	if side.CaFile == "" {
		connection, err := net.Dial("tcp", address)
		check(err)
		return connection
	}
	authority, err := os.ReadFile(side.CaFile)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	connection, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
	check(err)
	return packets.NewThreadSafeConn(connection)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
