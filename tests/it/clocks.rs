//! The machine's clock jumps under a running house: an hour or ten years, ahead or back.
//!
//! What counts for a command on its way is a clock that nobody sets; what ended stays ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use device_sim::Journal;
use serde_json::json;

use crate::home::Home;
use crate::house::{House, is_installed};

/// How long a command lives, and a moment more.
const LONGER_THAN_A_COMMAND: Duration = Duration::from_millis(8_500);

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_an_hour_ahead_opens_nothing_late_and_revives_nothing() {
    let Some(story) = Story::until_the_jump("+1h").await else { return };
    // The hello of every gate seems too old now; each is believed again from its next one on.
    let (home, crossed) = story.plays(Some("not reachable")).await;
    is_explained(&home, &crossed, "the service's clock was set ahead").await;
    let Home { owner, gate, gate_label, intercom, house } = home;
    gate.abandon().await;
    let gate = house.mounts(&gate_label).await;
    let home = Home { owner, gate, gate_label, intercom, house };
    home.gate_is_online(&home.gate_label).await;
    home.lets_in("Zola").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_an_hour_back_opens_nothing_late_and_revives_nothing() {
    let Some(story) = Story::until_the_jump("-1h").await else { return };
    let (home, crossed) = story.plays(None).await;
    is_explained(&home, &crossed, "reached the gate after its deadline").await;
    home.lets_in("Zola").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ten_years_ahead_opens_nothing_late_and_revives_nothing() {
    let Some(story) = Story::until_the_jump("+3650d").await else { return };
    let (mut home, crossed) = story.plays(Some("has expired")).await;
    // All certificates had ended, so all were sent away. A restart takes the true time anew.
    home.house.dies_and_starts(&[]).await;
    home.gate_is_online(&home.gate_label).await;
    is_explained(&home, &crossed, "the gate had not acted").await;
    home.lets_in("Zola").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ten_years_back_opens_nothing_late_and_revives_nothing() {
    let Some(story) = Story::until_the_jump("-3650d").await else { return };
    let (home, crossed) = story.plays(None).await;
    is_explained(&home, &crossed, "reached the gate after its deadline").await;
    home.lets_in("Zola").await;
}

/// A house by a clock that can be set, with openings under way at the jump.
struct Story {
    home: Home,
    clock: SetClock,
    jump: &'static str,
}

impl Story {
    async fn until_the_jump(jump: &'static str) -> Option<Self> {
        if !is_installed("faketime", "faketime") {
            return None;
        }
        let mut house = House::empty();
        let clock = SetClock::beside(&house);
        let mut command = clock.of(house.command_at("+0s", &[]));
        house.run(&mut command).await;
        Some(Self { home: Home::furnish(house).await, clock, jump })
    }

    /// Plays the jump there and back; who comes in between reads this, or may press. Answers also
    /// the attempt that was under way at the jump.
    async fn plays(self, refused: Option<&str>) -> (Home, String) {
        let Self { home, clock, jump } = self;
        let (ended, mut late) = home.invites("Lindiwe").await;
        late.scans(home.board()).await;
        home.owner.revokes(&ended).await.ok();
        let (code, mut patient) = home.invites("Sipho").await;
        // One command is at the gate, and its code is revoked after it was sent.
        let (wanted, _, attempt) = home.holds_a_command_for("Thandi").await;
        let revoked = home.owner.revokes(&wanted).await.ok();
        assert_eq!(revoked["attempt"], attempt.as_str(), "{revoked}");

        let (lines, sent_at) = (home.house.lines(), Instant::now());
        clock.jumps(jump);
        let alarm =
            |line: &str| line.contains("the machine's clock stepped").then(|| line.to_owned());
        let alarm = home.house.printed_after(lines, alarm).await;
        assert!(alarm.contains(if jump.starts_with('+') { "ahead" } else { "back" }), "{alarm}");

        // Another one is sent by the wrong clock.
        let page = patient.scans(home.board()).await;
        let second = match refused {
            Some(words) => {
                page.says(words);
                None
            }
            None => Some(patient.enters(&code.digits).await.attempt()),
        };
        assert_eq!(late.enters(&ended.digits).await.refusal(), (410, "pass_revoked"));
        // The gate wakes up when both commands are over by the clock that nobody sets.
        let pressed_at = Instant::now();
        tokio::time::sleep_until((pressed_at + LONGER_THAN_A_COMMAND).into()).await;
        let received = home.gate.received().len();
        assert!(usize::from(second.is_some()) < received);
        home.gate.release();
        let looked_at = |journal: &Journal| {
            let seen = journal.reported.len() + usize::try_from(journal.ignored).expect("small");
            received <= seen || 0 < journal.losses
        };
        let done = home.gate.until(looked_at).await.expect("the gate looks at all of it");
        assert!(done.pulses.is_empty(), "opened {:?} later", sent_at.elapsed());
        if let Some(second) = second {
            home.attempt_is(&second, "not_opened").await;
            let told = home.house.explains(&second)["attempts"][0].take();
            let why = (&told["why"], &told["failed_at"]);
            assert_eq!(why, (&json!("too_late"), &json!("wire")), "{told}");
        }

        clock.jumps("+0s");
        assert_eq!(late.enters(&ended.digits).await.refusal(), (410, "pass_revoked"));
        let page = patient.scans(home.board()).await;
        if let Some(words) = refused {
            page.says(words);
        } else {
            let attempt = patient.enters(&code.digits).await.attempt();
            home.attempt_is(&attempt, "opened").await;
        }
        (home, attempt)
    }
}

/// What was under way at the jump did not open, and the operator is told why.
async fn is_explained(home: &Home, attempt: &str, words: &str) {
    home.attempt_is(attempt, "not_opened").await;
    let told = home.house.explains(attempt)["attempts"][0].take();
    assert_eq!(told["failed_at"], "wire", "{told}");
    assert!(told["told"].as_str().expect("words").contains(words), "{told}");
}

/// A clock that is set by a file, beside a monotonic one that goes on.
struct SetClock {
    file: PathBuf,
}

impl SetClock {
    fn beside(house: &House) -> Self {
        let clock = Self { file: house.data.with_file_name("clock") };
        clock.jumps("+0s");
        clock
    }

    fn of(&self, mut command: Command) -> Command {
        command.env_remove("FAKETIME").env("FAKETIME_TIMESTAMP_FILE", &self.file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }

    /// Moves the clock to so much from the true time, at once.
    fn jumps(&self, offset: &str) {
        replaces(&self.file, offset);
    }
}

/// Whoever reads meanwhile finds the one or the other.
fn replaces(file: &Path, text: &str) {
    let aside = file.with_extension("next");
    fs::write(&aside, text).expect("writes");
    fs::rename(aside, file).expect("renames");
}
