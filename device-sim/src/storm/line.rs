//! One MQTT 3.1.1 connection over TLS, as thin as it goes.
//!
//! rumqttc's codec without its event loop: with thousands of gates in one program, what the
//! client spends on queues would be taken from the broker that shares the machine.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use bytes::BytesMut;
use protocol::{Down, KEEP_ALIVE, MAX_BODY_BYTES, Nonce, Presence, Topic, Up};
use rumqttc::mqttbytes::v4::{
    Connect, ConnectReturnCode, LastWill, Packet, Subscribe, SubscribeFilter, SubscribeReasonCode,
};
use rumqttc::mqttbytes::{Error, QoS};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::identity::{Broker, Identity};

/// A packet is a body, its topic and a few bytes more.
const MAX_PACKET_BYTES: usize = MAX_BODY_BYTES + 512;

/// A client's end of a connection.
#[derive(Debug)]
pub struct Line {
    stream: TlsStream<TcpStream>,
    inbox: BytesMut,
    outbox: BytesMut,
}

impl Line {
    /// Connects a gate as the contract says, and subscribes to both topics.
    pub async fn of(gate: &Identity, broker: &Broker) -> Result<Self> {
        let id = &gate.enrolment.gate_id;
        let mut line = Self::open(broker, gate.tls()).await?;
        let mut connect = hail(id.as_str());
        let presence = Topic::Up(id.clone(), Up::Presence).to_string();
        let will = Presence::gone(Nonce([0; 16])).to_bytes();
        connect.last_will = Some(LastWill::new(presence, will, QoS::AtLeastOnce, false));
        line.connect(connect).await?;
        line.subscribe(Down::ALL.map(|down| Topic::Down(id.clone(), down))).await?;
        Ok(line)
    }

    /// Connects and does the TLS handshake.
    pub async fn open(broker: &Broker, tls: Arc<ClientConfig>) -> Result<Self> {
        let tcp = TcpStream::connect((broker.host.as_str(), broker.port)).await?;
        Self::over(tcp, &broker.host, tls).await
    }

    /// Does a full TLS handshake on a connection that is there, as after the power was gone.
    pub async fn over(tcp: TcpStream, host: &str, tls: Arc<ClientConfig>) -> Result<Self> {
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from(host.to_owned())?;
        let mut tls = ClientConfig::clone(&tls);
        tls.resumption = Resumption::disabled();
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, tcp).await.context("TLS")?;
        Ok(Self { stream, inbox: BytesMut::new(), outbox: BytesMut::new() })
    }

    /// Says CONNECT and waits until the broker lets this client in.
    pub async fn connect(&mut self, connect: Connect) -> Result<()> {
        self.send(&Packet::Connect(connect)).await?;
        let Packet::ConnAck(answer) = self.receive().await? else { bail!("no CONNACK") };
        ensure!(answer.code == ConnectReturnCode::Success, "refused: {:?}", answer.code);
        Ok(())
    }

    /// Subscribes with QoS 1 and waits until all of it is granted.
    pub async fn subscribe(&mut self, topics: impl IntoIterator<Item = Topic>) -> Result<()> {
        let filter = |topic: Topic| SubscribeFilter::new(topic.to_string(), QoS::AtLeastOnce);
        let mut subscribe = Subscribe::new_many(topics.into_iter().map(filter));
        subscribe.pkid = 1;
        self.send(&Packet::Subscribe(subscribe)).await?;
        let Packet::SubAck(answer) = self.receive().await? else { bail!("no SUBACK") };
        let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
        ensure!(answer.return_codes.iter().all(|code| *code == granted), "not granted");
        Ok(())
    }

    /// Sends one packet.
    pub async fn send(&mut self, packet: &Packet) -> Result<()> {
        packet.write(&mut self.outbox, MAX_PACKET_BYTES)?;
        self.stream.write_all_buf(&mut self.outbox).await?;
        Ok(self.stream.flush().await?)
    }

    /// Waits for the next packet. Nothing is lost when the wait is given up.
    pub async fn receive(&mut self) -> Result<Packet> {
        loop {
            match Packet::read(&mut self.inbox, MAX_PACKET_BYTES) {
                Err(Error::InsufficientBytes(_)) => {}
                read => return Ok(read?),
            }
            ensure!(0 < self.stream.read_buf(&mut self.inbox).await?, "the broker hung up");
        }
    }

    /// The connection below MQTT.
    pub fn stream(&mut self) -> &mut TlsStream<TcpStream> {
        &mut self.stream
    }
}

/// The CONNECT of a client without a will.
pub(crate) fn hail(client_id: &str) -> Connect {
    let mut connect = Connect::new(client_id);
    connect.keep_alive = u16::try_from(KEEP_ALIVE.as_secs()).unwrap_or(u16::MAX);
    connect
}
