//! Making devices from the command line: what a factory prints on their labels.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use domain::name::DeviceName;
use domain::secret::{BoardToken, ClaimCode, EnrolmentSecret, serial_number};
use domain::{Clock, Dice, GateId, IntercomId};
use fast_qr::QRBuilder;
use fast_qr::convert::svg::SvgBuilder;
use serde::Serialize;
use store::Label;

use crate::args::{self, Make};
use crate::config::Config;
use crate::machine::{SystemClock, SystemDice};
use crate::start::open;

/// Makes a gate or an intercom and prints its label. A server may run meanwhile.
pub(crate) async fn make(config: Config, what: Make) -> anyhow::Result<()> {
    let (clock, dice) = (SystemClock::start(), Arc::new(SystemDice));
    let (_, store) = open(&config, &clock, dice.clone()).await?;
    let now = clock.now();
    let text = match what {
        Make::Gate { label: asked } => {
            let (id, secret) = (GateId::new(&*dice, now), EnrolmentSecret::random(&*dice));
            let label = label("Gate", &asked, &config, &*dice)?;
            let kind = Kind::Gate { enrolment_secret: secret.reveal() };
            let printed = Printed::new(kind, id.to_string(), &label);
            store.devices().make_gate(id, label, secret, now).await?;
            printed.text(asked.json, &config)?
        }
        Make::Intercom { label: asked, svg } => {
            let (id, board) = (IntercomId::new(&*dice, now), BoardToken::random(&*dice));
            let label = label("Intercom", &asked, &config, &*dice)?;
            let board_url = format!("{}/b/{}", config.public_url(), board.reveal());
            let qr = Qr::of(&board_url)?;
            let printed = Printed::new(Kind::Intercom { board_url }, id.to_string(), &label);
            store.devices().make_intercom(id, label, board, now).await?;
            let picture = svg.map(|file| qr.draw(&file).map(|()| file)).transpose()?;
            let mut text = printed.text(asked.json, &config)?;
            if !asked.json {
                text += &qr.to_print(picture);
            }
            text
        }
    };
    store.close().await;
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn label(
    kind: &str,
    asked: &args::Label,
    config: &Config,
    dice: &dyn Dice,
) -> anyhow::Result<Label> {
    let serial = serial_number(dice);
    let name = match &asked.name {
        Some(name) => name.clone(),
        None => DeviceName::parse(&format!("{kind} {serial}"))?,
    };
    let time_zone = asked.time_zone.as_ref().unwrap_or(&config.time_zone).clone();
    Ok(Label { serial, name, time_zone, claim_code: ClaimCode::random(dice) })
}

/// A label as it is printed. It holds what opens the device to whoever reads it.
#[derive(Serialize)]
struct Printed {
    #[serde(flatten)]
    kind: Kind,
    id: String,
    serial: String,
    claim_code: String,
    #[serde(skip)]
    name: String,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    Gate { enrolment_secret: String },
    Intercom { board_url: String },
}

impl Printed {
    fn new(kind: Kind, id: String, label: &Label) -> Self {
        let Label { serial, name, claim_code, .. } = label;
        let (serial, name) = (serial.clone(), name.as_str().to_owned());
        Self { kind, id, serial, claim_code: claim_code.reveal(), name }
    }

    fn text(&self, json: bool, config: &Config) -> anyhow::Result<String> {
        if json {
            return Ok(format!("{}\n", serde_json::to_string(self)?));
        }
        let Self { kind, id, serial, claim_code, name } = self;
        let mut text = format!(
            "{name}\n  id                {id}\n  serial number     {serial}\n  \
             claim code        {claim_code}  (puts it on its owner's account, once)\n"
        );
        match kind {
            Kind::Gate { enrolment_secret: secret } => write!(
                text,
                "  enrolment secret  {secret}  (gets the gate its certificate)\n\n\
                 To play the gate on this machine while flussd serves:\n\
                 device-sim run --folder gate-{serial} --server {} --serial {serial} --secret {secret}\n",
                config.public_url(),
            )?,
            Kind::Intercom { board_url } => {
                writeln!(text, "  board             {board_url}  (what its QR says)")?;
            }
        }
        Ok(text)
    }
}

/// A board's QR. Made before the device is: whatever can fail, fails first.
struct Qr(Box<fast_qr::QRCode>);

impl Qr {
    fn of(url: &str) -> anyhow::Result<Self> {
        let code = QRBuilder::new(url).build();
        Ok(Self(Box::new(code.with_context(|| format!("{url} is too long for a QR"))?)))
    }

    fn draw(&self, file: &Path) -> anyhow::Result<()> {
        let svg = SvgBuilder::default().to_str(&self.0);
        fs::write(file, svg).with_context(|| format!("cannot write {}", file.display()))
    }

    fn to_print(&self, picture: Option<PathBuf>) -> String {
        let drawn = picture.map(|file| format!("The QR is in {}\n", file.display()));
        format!("\n{}\n{}", self.0.to_str(), drawn.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(kind: Kind) -> Printed {
        let dice = SystemDice;
        let label = Label {
            serial: "8QJ4M2T0".to_owned(),
            name: DeviceName::parse("Main gate").unwrap(),
            time_zone: "UTC".to_owned(),
            claim_code: ClaimCode::random(&dice),
        };
        Printed::new(kind, "gate_1".to_owned(), &label)
    }

    #[test]
    fn a_label_for_machines_is_one_object_with_these_names() {
        for (kind, names) in [
            (
                Kind::Gate { enrolment_secret: "s".to_owned() },
                ["claim_code", "enrolment_secret", "id", "kind", "serial"],
            ),
            (
                Kind::Intercom { board_url: "u".to_owned() },
                ["board_url", "claim_code", "id", "kind", "serial"],
            ),
        ] {
            let text = printed(kind).text(true, &Config::default()).unwrap();
            let object: serde_json::Value = serde_json::from_str(&text).unwrap();
            let mut found: Vec<&String> = object.as_object().unwrap().keys().collect();
            found.sort_unstable();
            assert_eq!(found, names);
        }
    }

    #[test]
    fn a_gates_label_tells_how_to_play_it() {
        let kind = Kind::Gate { enrolment_secret: "AAAAA-BBBBB".to_owned() };
        let text = printed(kind).text(false, &Config::default()).unwrap();
        let line = "device-sim run --folder gate-8QJ4M2T0 --server http://127.0.0.1:8080 \
                    --serial 8QJ4M2T0 --secret AAAAA-BBBBB";
        assert!(text.lines().any(|told| told == line), "{text}");
    }
}
