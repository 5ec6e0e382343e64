//! Clients from the market as they come, with all that they can be made to send.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use broker::Cause;
use protocol::{Topic, Up};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnectProperties, Packet, PublishProperties, SubscribeProperties, UnsubscribeProperties,
};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rustls::ALL_VERSIONS;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{gate_id, status, trigger};
use crate::house::{House, within};
use crate::raw::{Raw, client_config, publish};

/// What both of mosquitto's clients are told in MQTT 5 besides what they are asked to do.
const MQTT_5: &str = "-V mqttv5 -D connect session-expiry-interval 60 -D connect receive-maximum 5 \
    -D connect maximum-packet-size 2000 -D connect topic-alias-maximum 5 \
    -D connect request-problem-information 0 -D connect request-response-information 1 \
    -D connect user-property key value -D disconnect reason-string bye \
    -D disconnect user-property key value";

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_s_clients_of_both_versions_hear_and_are_heard() {
    if !is_installed("mosquitto_sub", "mosquitto-clients") {
        return;
    }
    let house = House::open();
    let mosquitto = Mosquitto::of(&house);
    let mut service = Raw::connect(&house, &house.service(), 5, "service-2").await;
    let [hears, says] = [trigger(), status()].map(|topic| format!("-t {topic}"));
    let of_mqtt_5 = format!("{MQTT_5} -D subscribe user-property key value");
    for version in ["-V mqttv311", "-V mqttv311 -c", &of_mqtt_5] {
        let run = mosquitto.run("mosquitto_sub", &format!("{hears} -q 2 -C 1 -W 20 {version}"));
        // Whatever is published before it subscribed, it does not hear.
        while !run.is_finished() {
            service.send(&publish(5, &trigger(), b"open", 1, false)).await;
            assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
        }
        let ended = within(run).await.expect("it ran");
        assert_eq!((ended.status.code(), &*ended.stdout), (Some(0), &b"open\n"[..]), "{version}");
    }
    let mut service = Raw::service(&house, 4).await;
    let presence = Topic::Up(gate_id(), Up::Presence);
    let with_will = format!("--will-topic {presence} --will-payload gone --will-qos 1");
    let of_mqtt_5 = format!(
        "{MQTT_5} {with_will} -D will will-delay-interval 60 -D will user-property key value \
         -D publish payload-format-indicator 1 -D publish message-expiry-interval 60 \
         -D publish content-type text/plain -D publish response-topic a/b \
         -D publish correlation-data x -D publish user-property key value"
    );
    for version in [&format!("-V mqttv311 {with_will}"), &of_mqtt_5] {
        for qos in ["-q 0", "-q 1"] {
            let run = mosquitto.run("mosquitto_pub", &format!("{says} -m done {qos} {version}"));
            assert_eq!(service.message().await, (status(), b"done".to_vec()), "{version}");
            assert!(within(run).await.expect("it ran").status.success(), "{version}");
        }
    }
    // In MQTT 5 they know from CONNACK: there it says so itself, or leaves the flag away.
    for wrong in ["-q 2", "-q 1 -r"] {
        let run = mosquitto.run("mosquitto_pub", &format!("{says} -m x -V mqttv311 {wrong}"));
        assert!(!within(run).await.expect("it ran").status.success(), "{wrong}");
    }
    house.counted(&[(Cause::Qos, 1), (Cause::Retain, 1)]).await;
    service.ping().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rumqttc_with_all_properties_hears_and_is_heard() {
    let house = House::open();
    let mut service = Raw::service(&house, 4).await;
    let tls = client_config(&house.ca, Some(&house.gate(1)), ALL_VERSIONS);
    let user = vec![("key".to_owned(), "value".to_owned())];
    let mut options = MqttOptions::new(gate_id().as_str(), "127.0.0.1", house.address.port());
    options
        .set_transport(Transport::Tls(TlsConfiguration::Rustls(Arc::new(tls))))
        .set_keep_alive(Duration::from_mins(2))
        .set_clean_start(false)
        .set_credentials("name", "password")
        .set_connect_properties(ConnectProperties {
            session_expiry_interval: Some(60),
            receive_maximum: Some(2),
            max_packet_size: Some(2_000),
            topic_alias_max: Some(3),
            request_response_info: Some(1),
            request_problem_info: Some(0),
            user_properties: user.clone(),
            authentication_method: None,
            authentication_data: None,
        });
    let (client, mut events) = AsyncClient::new(options, 8);
    let asked = SubscribeProperties { id: None, user_properties: user.clone() };
    client.subscribe_with_properties(trigger(), QoS::ExactlyOnce, asked).await.expect("queued");
    within(until(&mut events, |packet| matches!(packet, Packet::SubAck(_)))).await;
    service.send(&publish(4, &trigger(), b"open", 1, false)).await;
    assert_eq!(service.packet().await, [0x40, 2, 0, 7]);
    within(until(&mut events, |p| matches!(p, Packet::Publish(p) if p.payload == "open"))).await;
    let with = PublishProperties {
        payload_format_indicator: Some(1),
        message_expiry_interval: Some(60),
        response_topic: Some("a/b".to_owned()),
        correlation_data: Some("x".into()),
        user_properties: user.clone(),
        content_type: Some("text/plain".to_owned()),
        ..PublishProperties::default()
    };
    let said = client.publish_with_properties(status(), QoS::AtLeastOnce, false, "done", with);
    said.await.expect("queued");
    within(until(&mut events, |packet| matches!(packet, Packet::PubAck(_)))).await;
    assert_eq!(service.message().await, (status(), b"done".to_vec()));
    let with = UnsubscribeProperties { user_properties: user };
    client.unsubscribe_with_properties(trigger(), with).await.expect("queued");
    within(until(&mut events, |packet| matches!(packet, Packet::UnsubAck(_)))).await;
    house.counted(&[]).await;
}

async fn until(events: &mut EventLoop, wanted: impl Fn(&Packet) -> bool) {
    loop {
        let event = events.poll().await.expect("the line is open");
        if matches!(event, Event::Incoming(packet) if wanted(&packet)) {
            return;
        }
    }
}

/// Mosquitto's command-line clients, in the name of gate 1.
struct Mosquitto {
    folder: tempfile::TempDir,
    port: u16,
}

impl Mosquitto {
    fn of(house: &House) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name, text: &str| fs::write(folder.path().join(name), text).expect("written");
        let own = house.gate(1);
        write("ca.pem", house.ca.ca_pem());
        write("certificate.pem", &own.certificate_pem);
        write("key.pem", &own.key_pem);
        Self { folder, port: house.address.port() }
    }

    fn run(&self, tool: &str, arguments: &str) -> JoinHandle<Output> {
        let file = |name| self.folder.path().join(name).display().to_string();
        let (port, id) = (self.port, gate_id());
        let own = format!("-h 127.0.0.1 -p {port} -i {id} -k 120 -u name -P password");
        let mut command = Command::new("timeout");
        command
            .args(["15", tool])
            .args(own.split_whitespace().chain(arguments.split_whitespace()))
            .args(["--cafile", &file("ca.pem"), "--cert", &file("certificate.pem")])
            .args(["--key", &file("key.pem")])
            .stdin(Stdio::null());
        spawn_blocking(move || command.output().expect("it starts"))
    }
}

/// Whether the tool is here; where `CI` is set it must be.
fn is_installed(tool: &str, package: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| Path::new(&folder).join(tool).is_file());
    assert!(found || env::var_os("CI").is_none(), "CI must have {tool} (apt: {package})");
    if !found {
        eprintln!("\n*** NO {tool} FOUND (apt: {package}): its clients were not tried ***\n");
    }
    found
}
