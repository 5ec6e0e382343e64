//! The whole story on real parts, told step by step: an owner signs in, saves settings and sends
//! a code; a guest is let in and out by a simulated gate over TLS; a code is revoked.
//!
//! The house stands on a folder of its own that vanishes with it.

mod guest;
mod owner;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use api::courier::{Courier, Delivery, MessageId, NotSent};
use device_sim::{Claim, Options, Simulation};
use domain::login::Channel;
use domain::secret::Otp;
use domain::{PhoneNumber, roll};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::config::Config;
use crate::device;
use crate::machine::{SystemClock, SystemDice};
use crate::start::{Asked, Running};
use guest::Guest;
use owner::Owner;

/// The owner's number in the story.
const OWNER: &str = "+27821234567";

/// How many guests come one after another, to tell how quick it is.
const GUESTS: usize = 20;

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Plays the story. With `exit` it ends there; else the house stays open for a browser.
pub(crate) async fn run(given: Config, exit: bool) -> anyhow::Result<()> {
    let mut asked = Asked::listen()?;
    let folder = std::env::temp_dir().join(format!("flussd-demo-{:016x}", random()));
    // Of what was set only where to listen: the story must not play in anybody's real house.
    let mut config = Config { data: folder.join("data"), ..Config::default() };
    (config.http.listen, config.broker.listen) = (given.http.listen, given.broker.listen);
    config.operator = given.operator;
    if exit {
        // Nobody looks, so any port will do.
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.broker.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.operator.listen = None;
    }
    // All of the story's people come from one address.
    config.api.logins_per_address = config.api.logins_per_address.max(100);
    let played = tokio::select! {
        played = play(&config, exit) => played,
        () = asked.to_stop() => Ok(()),
    };
    let removed = std::fs::remove_dir_all(&folder);
    played?;
    removed.with_context(|| format!("cannot remove {}", folder.display()))
}

async fn play(config: &Config, exit: bool) -> anyhow::Result<()> {
    let story = Story { began: Instant::now() };
    let (pins, mut delivered) = mpsc::unbounded_channel();
    let courier = Arc::new(Messenger { pins });
    let clock = Arc::new(SystemClock::start());
    let running = Running::start(config, clock, Arc::new(SystemDice), courier).await?;
    let http = running.http.context("the demo needs the role api")?;
    let url = config.public_url_at(http);
    story.tell("the house is open", format_args!("{url} and MQTT over TLS"));

    let gate_label = device::new_gate(&running.store, config, "Main Gate").await?;
    let board_label = device::new_intercom(&running.store, config, "Unit 4", &url).await?;
    let claim = Claim {
        server: url.clone(),
        serial: gate_label.serial.clone(),
        secret: gate_label.enrolment_secret.clone(),
        server_ca: None,
    };
    let gate_folder = config.data.with_file_name("gate");
    device_sim::enrol(&claim, &gate_folder).await?;
    // A simulated gate has no motor that would need a rest between two pulses.
    let options = Options { keeps_gap: false, ..Options::default() };
    let gate = Simulation::start(&gate_folder, options)?;
    let epoch = gate.ready().await?;
    story.tell("a gate is mounted", format_args!("enrolled by its label, ready in epoch {epoch}"));

    let owner = Owner::signs_in(&url, OWNER, &mut delivered).await?;
    story.tell("signed in", format_args!("the owner, by phone and one-time pin"));
    let claimed = owner.claims(&gate_label.claim_code).await?;
    let intercom = owner.claims(&board_label.claim_code).await?;
    owner.saves_settings(&intercom, &claimed).await?;
    story.tell("settings saved", format_args!("entry and exit by Main Gate, 25 codes, 12 hours"));
    owner.waits_until_online(&claimed).await?;

    let scene = Scene { owner, intercom, board: board_label.board_url, gate };
    one_visit(&story, &scene).await?;
    one_revoked(&story, &scene).await?;
    let times = many_guests(&scene).await?;
    story.tell(
        "quick",
        format_args!(
            "{GUESTS} guests, from their tap to the command at the gate: p50 {:.1} ms, slowest {:.1} ms",
            millis(times[GUESTS / 2]),
            millis(times[GUESTS - 1]),
        ),
    );
    ensure!(running.store.attempts().unsettled().await? == 0, "a command was left without an end");
    println!("\nevery step held.");
    if !exit {
        invite_a_person(&scene, &url, &mut delivered).await?;
        narrate(&scene.gate).await;
    }
    scene.gate.stop().await;
    running.stop.cancel();
    running.wait().await
}

/// Who and what takes part.
struct Scene {
    owner: Owner,
    intercom: String,
    board: String,
    gate: Simulation,
}

impl Scene {
    /// A guest who has opened the link of this code and scanned the board.
    async fn guest_with(&self, code: &Value) -> anyhow::Result<Guest> {
        let mut guest = Guest::opens(&text(code, "link")?).await?;
        guest.scans(&self.board).await?;
        Ok(guest)
    }
}

/// A guest comes and goes.
async fn one_visit(story: &Story, scene: &Scene) -> anyhow::Result<()> {
    let Scene { owner, intercom, gate, .. } = scene;
    let code = owner.issues(intercom, "Thandi", "+27825550001").await?;
    let share = code["share"]["text"].as_str().context("a message")?;
    story.tell("code issued", format_args!("the owner's own apps send this:"));
    for line in share.lines() {
        println!("{:>31}{line}", "| ");
    }
    let (digits, mut guest) = (text(&code, "digits")?, scene.guest_with(&code).await?);
    let tapped = Instant::now();
    let attempt = guest.enters(&digits).await?;
    owner.sees(&attempt, "opened").await?;
    ensure!(gate.pulses().len() == 1, "the gate opened {} times", gate.pulses().len());
    let took = millis(tapped.elapsed());
    story.tell("in", format_args!("the gate pulsed once; known {took:.1} ms after the tap"));
    let again = guest.tries("/enter", &digits).await?;
    ensure!(again["attempt"]["id"] == json!(attempt), "a second tap must be the same attempt");
    guest.reloads().await?;
    let attempt = guest.leaves(&digits).await?;
    owner.sees(&attempt, "opened").await?;
    ensure!(gate.pulses().len() == 2, "the gate opened {} times", gate.pulses().len());
    story.tell("out", format_args!("the same link; the pass is used up"));
    guest.reloads().await?;
    let spent = guest.tries("/exit", &digits).await?;
    ensure!(spent["code"] == "pass_used", "a used pass must be refused: {spent}");
    Ok(())
}

/// A code goes to the wrong person and is taken back in time.
async fn one_revoked(story: &Story, scene: &Scene) -> anyhow::Result<()> {
    let Scene { owner, intercom, gate, .. } = scene;
    let code = owner.issues(intercom, "Sipho", "+27825550002").await?;
    let (digits, guest) = (text(&code, "digits")?, scene.guest_with(&code).await?);
    let revoked = owner.revokes(&text(&code, "id")?).await?;
    ensure!(revoked["in_flight"] == "none", "nothing was under way: {revoked}");
    let refused = guest.tries("/enter", &digits).await?;
    ensure!(refused["code"] == "pass_revoked", "a revoked pass must be refused: {refused}");
    ensure!(gate.pulses().len() == 2, "a revoked code opened the gate");
    story.tell("revoked", format_args!("the guest at the gate is refused; no pulse"));
    Ok(())
}

/// Guests one after another; answers how long each command took to the gate, sorted.
async fn many_guests(scene: &Scene) -> anyhow::Result<Vec<Duration>> {
    let Scene { owner, intercom, gate, .. } = scene;
    let mut times = Vec::with_capacity(GUESTS);
    for n in 0..GUESTS {
        let code = owner.issues(intercom, "Guest", &format!("+2782555{:04}", 100 + n)).await?;
        let guest = scene.guest_with(&code).await?;
        let tapped = Instant::now();
        let attempt = guest.enters(&text(&code, "digits")?).await?;
        owner.sees(&attempt, "opened").await?;
        let received = gate.received();
        let last = received.last().context("the gate got no command")?;
        times.push(last.at.saturating_duration_since(tapped));
    }
    times.sort_unstable();
    Ok(times)
}

/// Tells a person at the screen how to go on.
async fn invite_a_person(
    scene: &Scene,
    url: &str,
    delivered: &mut mpsc::UnboundedReceiver<Otp>,
) -> anyhow::Result<()> {
    let Scene { owner, intercom, board, .. } = scene;
    let code = owner.issues(intercom, "You", "+27825550003").await?;
    let (login, pin) = owner.asks_for_another_pin(delivered).await?;
    println!(
        "\nNow you. In a browser on this machine:\n  \
         1. the guest's link   {}\n  \
         2. the board's QR     {board}\n  \
         3. the code           {}\n  \
         then the link once more, to leave.\n\n\
         As the owner ({OWNER}), with the pin {pin}:\n  \
         curl -s {url}/v1/logins/{login}/verify -H 'content-type: application/json' -d '{{\"pin\":\"{pin}\"}}'\n\n\
         Ctrl-C ends it.\n",
        text(&code, "link")?,
        text(&code, "digits")?,
    );
    Ok(())
}

/// Tells what the gate does, for as long as the house is open.
async fn narrate(gate: &Simulation) {
    let mut told = gate.pulses().len();
    let mut look = tokio::time::interval(Duration::from_millis(200));
    loop {
        look.tick().await;
        let pulses = gate.pulses();
        for pulse in pulses.iter().skip(told) {
            println!("the gate opens ({:?})", pulse.leg);
        }
        told = pulses.len();
    }
}

/// Carries pins to the story, and shows them on the terminal as a development start does.
struct Messenger {
    pins: mpsc::UnboundedSender<Otp>,
}

impl Courier for Messenger {
    fn deliver<'a>(
        &'a self,
        channel: Channel,
        phone: &'a PhoneNumber,
        pin: &'a Otp,
    ) -> Delivery<'a> {
        let line = format!("{:>29}{} to {phone:?}: {}\n", "", channel.as_str(), pin.reveal());
        let is_sent =
            io::stdout().write_all(line.as_bytes()).is_ok() && self.pins.send(pin.clone()).is_ok();
        let sent = if is_sent { Ok(MessageId(String::new())) } else { Err(NotSent::ChannelDown) };
        Box::pin(std::future::ready(sent))
    }
}

/// Tells each step with its time.
struct Story {
    began: Instant,
}

impl Story {
    fn tell(&self, what: &str, how: std::fmt::Arguments<'_>) {
        println!("{:7.3} s  {what:<19}{how}", self.began.elapsed().as_secs_f64());
    }
}

fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    let text = value[name].as_str().map(str::to_owned);
    text.with_context(|| format!("no {name} in the answer"))
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

fn random() -> u64 {
    u64::from_be_bytes(roll(&SystemDice))
}
