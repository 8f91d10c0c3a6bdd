//! What the peers written in Rust share: the route that the benchmark hands them.

use std::fs;

use serde_json::Value;

/// One side of a bridge, on 127.0.0.1.
pub struct Side {
    pub port: u16,
    /// PEM file with the authority of the broker's certificate; `None`: without TLS.
    pub ca_file: Option<String>,
}

/// What a bridge is told to do; `Route` in `peer.ts`.
pub struct Route {
    pub source: Side,
    pub destination: Side,
    pub filters: Vec<String>,
    /// 0 or 1.
    pub qos: u8,
    /// QoS 1 messages that may be unacknowledged on either side.
    pub window: u16,
}

/// Reads the route from the file that the first argument names. Panics when there is none.
pub fn read_route() -> Route {
    let file = std::env::args()
        .nth(1)
        .expect("argument: a file with the route");
    let text = fs::read_to_string(&file).expect("the file of the route can't be read");
    let route: Value = serde_json::from_str(&text).expect("the route is no JSON");
    let side = |name: &str| Side {
        port: route[name]["port"].as_u64().expect("port: is no number") as u16,
        ca_file: route[name]["caFile"].as_str().map(str::to_owned),
    };
    Route {
        source: side("source"),
        destination: side("destination"),
        filters: route["filters"]
            .as_array()
            .expect("filters: is no list")
            .iter()
            .map(|filter| filter.as_str().expect("filters: holds no text").to_owned())
            .collect(),
        qos: route["qos"].as_u64().expect("qos: is no number") as u8,
        window: route["window"].as_u64().expect("window: is no number") as u16,
    }
}
