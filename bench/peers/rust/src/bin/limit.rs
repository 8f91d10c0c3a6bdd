//! The limit of a bridge: the bytes of two connections, passed on as they are. It opens both connections, subscribes, and
//! from then on knows nothing of MQTT: a thread for each direction reads what is there, 64 KiB at most, and writes it.
//!
//! Both brokers see a client that keeps to MQTT 5: the source's PUBLISH goes to the destination with its packet
//! identifier, and the destination's PUBACK comes back to the source with the same one.
//! Argument: a file with the route.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::process::exit;
use std::thread;

use bench_peers::{Route, Side, read_route};

const BUFFER_BYTES: usize = 64 * 1024;

fn main() -> Result<()> {
    let route = read_route();
    let source = open(&route.source, "limit-rust-source", &route)?;
    let destination = open(&route.destination, "limit-rust-destination", &route)?;
    subscribe(&source, &route)?;
    let (to_source, from_destination) = (source.try_clone()?, destination.try_clone()?);
    thread::spawn(move || pass_on(from_destination, to_source));
    pass_on(source, destination)
}

/// Ends the process when a side closes.
fn pass_on(mut from: TcpStream, mut to: TcpStream) -> Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            exit(0);
        }
        to.write_all(&buffer[..length])?;
    }
}

fn open(side: &Side, client_id: &str, route: &Route) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", side.port))?;
    stream.set_nodelay(true)?;
    // MQTT 5, no keep alive; the session is kept for an hour, with a Receive Maximum of the window.
    let [high, low] = route.window.to_be_bytes();
    let mut body = b"\x00\x04MQTT\x05\x00\x00\x00\x08\x11\x00\x00\x0e\x10\x21".to_vec();
    body.extend([high, low]);
    push_text(&mut body, client_id);
    stream.write_all(&packet(0x10, &body))?;
    expect(&stream, 0x20)?;
    Ok(stream)
}

fn subscribe(mut stream: &TcpStream, route: &Route) -> Result<()> {
    // Packet identifier 1, no properties; each filter with Retain As Published.
    let mut body = vec![0, 1, 0];
    for filter in &route.filters {
        push_text(&mut body, filter);
        body.push(0x08 | route.qos);
    }
    stream.write_all(&packet(0x82, &body))?;
    expect(stream, 0x90)
}

/// Reads one packet, no byte more, whose type has to be the given one and whose length is below 128.
fn expect(mut stream: &TcpStream, first_byte: u8) -> Result<()> {
    let mut header = [0; 2];
    stream.read_exact(&mut header)?;
    if header[0] != first_byte || header[1] > 127 {
        return Err(Error::new(
            ErrorKind::InvalidData,
            format!("the broker answered {header:?}"),
        ));
    }
    stream.read_exact(&mut vec![0; header[1].into()])
}

fn packet(first_byte: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first_byte];
    let mut rest = body.len();
    loop {
        let more = if rest > 127 { 0x80 } else { 0 };
        bytes.push((rest % 128) as u8 | more);
        rest /= 128;
        if rest == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    body.extend((text.len() as u16).to_be_bytes());
    body.extend(text.as_bytes());
}
