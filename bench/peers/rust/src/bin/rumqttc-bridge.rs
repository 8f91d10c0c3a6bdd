//! A bridge on rumqttc and tokio. It acknowledges a message to the source after the destination has acknowledged it.
//! Argument: a file with the route.

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench_peers::{Route, Side, read_route};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{Outgoing, TlsConfiguration, Transport};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const KEEP_ALIVE: Duration = Duration::from_secs(60);
const SESSION_EXPIRY_SECONDS: u32 = 3600;
const MAX_PACKET_BYTES: u32 = 1024 * 1024;

/// Messages that the destination's event loop was handed and has not written yet, in their order.
type Handed = Arc<Mutex<VecDeque<Publish>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let route = read_route();
    // An error means that one is there already.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let (source, source_events) = connect(&route.source, "rumqttc-source", &route)?;
    let (destination, destination_events) =
        connect(&route.destination, "rumqttc-destination", &route)?;
    let qos = if route.qos == 0 {
        QoS::AtMostOnce
    } else {
        QoS::AtLeastOnce
    };
    let filters = route.filters.iter().map(|path| Filter {
        preserve_retain: true,
        ..Filter::new(path.as_str(), qos)
    });
    source.subscribe_many(filters.collect::<Vec<_>>()).await?;
    let handed = Handed::default();
    let (accepted, accepted_messages) = unbounded_channel();
    tokio::select! {
        ended = receive(source_events, destination, handed.clone()) => ended,
        ended = watch(destination_events, accepted, handed) => ended,
        ended = acknowledge(accepted_messages, source) => ended,
    }
}

fn connect(
    side: &Side,
    client_id: &str,
    route: &Route,
) -> Result<(AsyncClient, EventLoop), Box<dyn Error>> {
    let mut options = MqttOptions::new(client_id, "127.0.0.1", side.port);
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_start(false)
        .set_session_expiry_interval(Some(SESSION_EXPIRY_SECONDS))
        .set_receive_maximum(Some(route.window))
        .set_outgoing_inflight_upper_limit(route.window)
        .set_max_packet_size(Some(MAX_PACKET_BYTES))
        .set_manual_acks(true);
    if let Some(file) = &side.ca_file {
        let tls = TlsConfiguration::Simple {
            ca: fs::read(file)?,
            alpn: None,
            client_auth: None,
        };
        options.set_transport(Transport::Tls(tls));
    }
    Ok(AsyncClient::new(options, usize::from(route.window)))
}

/// Hands what comes from the source to the destination.
async fn receive(
    mut source: EventLoop,
    destination: AsyncClient,
    handed: Handed,
) -> Result<(), Box<dyn Error>> {
    loop {
        let Event::Incoming(Packet::Publish(mut message)) = source.poll().await? else {
            continue;
        };
        let topic = String::from_utf8(message.topic.to_vec())?;
        let payload = std::mem::take(&mut message.payload);
        let properties = message.properties.take().unwrap_or_default();
        let (qos, retain) = (message.qos, message.retain);
        if qos != QoS::AtMostOnce {
            handed.lock().unwrap().push_back(message);
        }
        destination
            .publish_with_properties(topic, qos, retain, payload, properties)
            .await?;
    }
}

/// Finds out what the destination has accepted. It waits for nothing else, since the source's event loop waits for it.
async fn watch(
    mut destination: EventLoop,
    accepted: UnboundedSender<Publish>,
    handed: Handed,
) -> Result<(), Box<dyn Error>> {
    let mut in_flight: HashMap<u16, Publish> = HashMap::new();
    loop {
        match destination.poll().await? {
            Event::Outgoing(Outgoing::Publish(id)) if id != 0 => {
                let message = handed
                    .lock()
                    .unwrap()
                    .pop_front()
                    .expect("it was handed over before");
                in_flight.insert(id, message);
            }
            Event::Incoming(Packet::PubAck(acknowledgement)) => {
                if let Some(message) = in_flight.remove(&acknowledgement.pkid) {
                    accepted.send(message)?;
                }
            }
            _ => {}
        }
    }
}

/// Acknowledges to the source what the destination has accepted.
async fn acknowledge(
    mut accepted: UnboundedReceiver<Publish>,
    source: AsyncClient,
) -> Result<(), Box<dyn Error>> {
    while let Some(message) = accepted.recv().await {
        source.ack(&message).await?;
    }
    Ok(())
}
