//! Making devices: what a factory prints on their labels. And what an operator does to gates.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use domain::gate::PulseGap;
use domain::name::DeviceName;
use domain::secret::{BoardToken, ClaimCode, EnrolmentSecret, serial_number};
use domain::{Clock, Dice, GateId, IntercomId};
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{QRBuilder, QRCode};
use serde::Serialize;
use store::{Actor, Label, Store};

use crate::args::Make;
use crate::config::Config;
use crate::machine::{SystemClock, SystemDice};
use crate::start::open;

/// What stands on a gate. It opens the gate's account to whoever reads it.
#[derive(Serialize)]
#[serde(tag = "kind", rename = "gate")]
pub(crate) struct GateLabel {
    pub(crate) id: String,
    pub(crate) serial: String,
    pub(crate) claim_code: String,
    pub(crate) enrolment_secret: String,
}

/// What stands on an intercom's back, and the link that its board shows.
#[derive(Serialize)]
#[serde(tag = "kind", rename = "intercom")]
pub(crate) struct BoardLabel {
    pub(crate) id: String,
    pub(crate) serial: String,
    pub(crate) claim_code: String,
    pub(crate) board_url: String,
}

/// Makes a gate or an intercom and prints its label. A server may run meanwhile.
pub(crate) async fn make(mut config: Config, what: Make) -> anyhow::Result<()> {
    let (Make::Gate { label: asked } | Make::Intercom { label: asked, .. }) = &what;
    if let Some(zone) = &asked.time_zone {
        config.time_zone.clone_from(zone);
    }
    let name = asked.name.as_ref().map(DeviceName::as_str);
    let url = config.public_url_at(config.http.listen);
    let (_, store) = open(&config, &SystemClock::start(), Arc::new(SystemDice)).await?;
    match &what {
        Make::Gate { label: asked } => {
            let label = new_gate(&store, &config, name.unwrap_or("Gate")).await?;
            tell(&if asked.json { json(&label)? } else { label.to_print(&url) })?;
        }
        Make::Intercom { label: asked, svg } => {
            let label = new_intercom(&store, &config, name.unwrap_or("Intercom"), &url).await?;
            let qr = qr(&label.board_url)?;
            tell(&if asked.json { json(&label)? } else { label.to_print(&qr) })?;
            if let Some(file) = svg {
                draw(&qr, file)?;
            }
        }
    }
    store.close().await;
    Ok(())
}

/// Keeps a gate out: all its certificates are void, and so is its label.
pub(crate) async fn revoke(config: Config, gate: GateId) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let revoked = store.devices().revoke(Actor::Operator, gate.to_string(), clock.now()).await?;
    store.close().await;
    revoked.map_err(|_| unknown(gate))
}

/// Lets a gate in again that was quarantined.
pub(crate) async fn release(config: Config, gate: GateId) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let released = store.devices().release(Actor::Operator, gate.to_string(), clock.now()).await?;
    store.close().await;
    released.map_err(|_| unknown(gate))
}

/// Sets the least time between two pulses of a gate.
pub(crate) async fn set_pulse_gap(
    config: Config,
    gate: GateId,
    gap: PulseGap,
) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let (devices, operator) = (store.devices(), Actor::Operator);
    let set = devices.set_pulse_gap(operator, gate.to_string(), gap, clock.now()).await?;
    store.close().await;
    set.map_err(|_| unknown(gate))
}

/// Gives a gate a fresh label and prints it.
pub(crate) async fn replace(config: Config, gate: GateId, as_json: bool) -> anyhow::Result<()> {
    let (clock, dice) = (SystemClock::start(), SystemDice);
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let (serial, claim_code) = (serial_number(&dice), ClaimCode::random(&dice));
    let secret = EnrolmentSecret::random(&dice);
    let label = GateLabel {
        id: gate.to_string(),
        serial: serial.clone(),
        claim_code: claim_code.reveal(),
        enrolment_secret: secret.reveal(),
    };
    let devices = store.devices();
    let relabelled =
        devices.relabel(gate.to_string(), serial, claim_code, secret, clock.now()).await?;
    store.close().await;
    relabelled.map_err(|_| unknown(gate))?;
    let url = config.public_url_at(config.http.listen);
    Ok(tell(&if as_json { json(&label)? } else { label.to_print(&url) })?)
}

fn unknown(gate: GateId) -> anyhow::Error {
    anyhow!("there is no gate {gate}")
}

/// Takes a new gate into the books.
pub(crate) async fn new_gate(
    store: &Store,
    config: &Config,
    name: &str,
) -> anyhow::Result<GateLabel> {
    let (dice, now) = (SystemDice, SystemClock::start().now());
    let (id, secret) = (GateId::new(&dice, now), EnrolmentSecret::random(&dice));
    let label = label(name, config, &dice)?;
    let printed = GateLabel {
        id: id.to_string(),
        serial: label.serial.clone(),
        claim_code: label.claim_code.reveal(),
        enrolment_secret: secret.reveal(),
    };
    store.devices().make_gate(id, label, secret, now).await?;
    Ok(printed)
}

/// Takes a new intercom into the books; its board leads to the server at this address.
pub(crate) async fn new_intercom(
    store: &Store,
    config: &Config,
    name: &str,
    url: &str,
) -> anyhow::Result<BoardLabel> {
    let (dice, now) = (SystemDice, SystemClock::start().now());
    let (id, board) = (IntercomId::new(&dice, now), BoardToken::random(&dice));
    let label = label(name, config, &dice)?;
    let printed = BoardLabel {
        id: id.to_string(),
        serial: label.serial.clone(),
        claim_code: label.claim_code.reveal(),
        board_url: format!("{url}/b/{}", board.reveal()),
    };
    store.devices().make_intercom(id, label, board, now).await?;
    Ok(printed)
}

impl GateLabel {
    fn to_print(&self, url: &str) -> String {
        let Self { id, serial, claim_code, enrolment_secret: secret } = self;
        format!(
            "id                {id}\n\
             serial number     {serial}\n\
             claim code        {claim_code}  (puts the gate on its owner's account, once)\n\
             enrolment secret  {secret}  (gets the gate its certificate)\n\n\
             To play the gate on this machine while flussd serves:\n\
             device-sim run --folder gate-{serial} --server {url} --serial {serial} --secret {secret}\n"
        )
    }
}

impl BoardLabel {
    fn to_print(&self, qr: &QRCode) -> String {
        let Self { id, serial, claim_code, board_url } = self;
        let picture = qr.to_str();
        format!(
            "id             {id}\n\
             serial number  {serial}\n\
             claim code     {claim_code}  (puts the intercom on its owner's account, once)\n\
             board          {board_url}\n\n{picture}\n"
        )
    }
}

fn label(name: &str, config: &Config, dice: &dyn Dice) -> anyhow::Result<Label> {
    Ok(Label {
        serial: serial_number(dice),
        name: DeviceName::parse(name)?,
        time_zone: config.time_zone.clone(),
        claim_code: ClaimCode::random(dice),
    })
}

fn qr(url: &str) -> anyhow::Result<Box<QRCode>> {
    let code = QRBuilder::new(url).build();
    Ok(Box::new(code.with_context(|| format!("{url} is too long for a QR"))?))
}

fn draw(qr: &QRCode, file: &Path) -> anyhow::Result<()> {
    let svg = SvgBuilder::default().to_str(qr);
    fs::write(file, svg).with_context(|| format!("cannot write {}", file.display()))
}

fn json(label: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(label)? + "\n")
}

fn tell(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn gate() -> GateLabel {
        GateLabel {
            id: "gate_1".to_owned(),
            serial: "8QJ4M2T0".to_owned(),
            claim_code: "AAAAA-BBBBB-CCCCC".to_owned(),
            enrolment_secret: "DDDDD-EEEEE".to_owned(),
        }
    }

    #[test]
    fn a_label_for_machines_is_one_object_with_these_names() {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let expected = json!({
            "kind": "gate", "id": "gate_1", "serial": "8QJ4M2T0",
            "claim_code": "AAAAA-BBBBB-CCCCC", "enrolment_secret": "DDDDD-EEEEE",
        });
        assert_eq!(read(&super::json(&gate()).unwrap()), expected);

        let GateLabel { id, serial, claim_code, .. } = gate();
        let board_url = "https://fluss.example/b/x".to_owned();
        let board = BoardLabel { id, serial, claim_code, board_url };
        let expected = json!({
            "kind": "intercom", "id": "gate_1", "serial": "8QJ4M2T0",
            "claim_code": "AAAAA-BBBBB-CCCCC", "board_url": "https://fluss.example/b/x",
        });
        assert_eq!(read(&super::json(&board).unwrap()), expected);
    }

    #[test]
    fn a_gates_label_tells_how_to_play_it() {
        let text = gate().to_print("http://127.0.0.1:8080");
        let line = "device-sim run --folder gate-8QJ4M2T0 --server http://127.0.0.1:8080 \
                    --serial 8QJ4M2T0 --secret DDDDD-EEEEE";
        assert!(text.lines().any(|told| told == line), "{text}");
    }

    #[test]
    fn a_board_is_drawn_for_the_terminal_and_as_a_picture() {
        let folder = tempfile::tempdir().unwrap();
        let qr = qr("https://fluss.example/b/9XHGQx4gaJ8asCDz0N9p_w").unwrap();
        let rows = qr.to_str().lines().count();
        assert_eq!(rows, (qr.size + 2).div_ceil(2), "two modules a row, with a margin");
        let file = folder.path().join("board.svg");
        draw(&qr, &file).unwrap();
        assert!(fs::read_to_string(file).unwrap().starts_with("<svg "));
    }
}
