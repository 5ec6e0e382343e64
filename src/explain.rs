//! `flussd explain`, and the same on the operator's page: what became of an attempt, hop by hop, and why a gate did not open.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;

use anyhow::bail;
use domain::attempt::State;
use domain::{AttemptId, Clock, CodeId, Timestamp};
use serde_json::{Value, json};
use store::{Store, Trace, Traced};

use crate::config::Config;
use crate::machine::{SystemClock, SystemDice};
use crate::start::open;

use story::Story;

mod story;

/// The answer to an id that nothing here has.
pub(crate) const NOTHING_FOUND: &str = "There is no such attempt or code here. A tap that was \
    answered with 503 left nothing behind: nothing was sent.";

/// What to explain.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// One try at opening a gate.
    Attempt(AttemptId),
    /// All tries with one code, also the last tap that was refused.
    Code(CodeId),
}

impl Subject {
    /// Reads an attempt's id or a code's.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let attempt = AttemptId::parse(text).map(Self::Attempt);
        attempt.or_else(|_| CodeId::parse(text).map(Self::Code)).or(Err("expected an id that \
            begins with `attempt_` or `code_`"))
    }
}

/// Tells the story of an attempt, or of all attempts with a code. A server may run meanwhile.
pub(crate) async fn run(config: Config, subject: Subject, as_json: bool) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let (_, store) = open(&config, &clock, Arc::new(SystemDice)).await?;
    let found = find(&store, subject).await;
    store.close().await;
    let Some(found) = found? else { bail!(NOTHING_FOUND) };
    let now = clock.now();
    let told = if as_json { format!("{}\n", document(&found, now)) } else { text(&found, now)? };
    Ok(io::stdout().write_all(told.as_bytes())?)
}

/// All that is known of what is asked about.
pub(crate) async fn find(store: &Store, subject: Subject) -> store::Result<Option<Traced>> {
    match subject {
        Subject::Attempt(id) => {
            let trace = store.events().trace(id).await?;
            Ok(trace.map(|trace| Traced { attempts: vec![trace], refused: None }))
        }
        Subject::Code(id) => store.events().traces(id).await,
    }
}

/// The story for people.
pub(crate) fn text(found: &Traced, now: Timestamp) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for trace in &found.attempts {
        let Trace { attempt, host, .. } = trace;
        let (id, gate, epoch) = (attempt.id, attempt.gate, attempt.epoch);
        let occasion = story::occasion(attempt.occasion);
        writeln!(text, "{id}  {occasion}, {gate} in epoch {epoch}")?;
        if let Some(host) = host {
            writeln!(text, "  asked for by {host}")?;
        }
        if let Some(key) = attempt.press().and_then(|press| press.api_key) {
            writeln!(text, "  with {key}")?;
        }
        let story = Story::of(trace, now);
        for hop in &story.hops {
            let after = hop.after.map(|after| format!("+{} ms", after.as_millis()));
            let after = after.unwrap_or_default();
            writeln!(text, "  {}  {after:>12}  {}", moment(hop.at), hop.what)?;
        }
        match story.failed_at {
            Some(stage) => writeln!(text, "It failed {}. {}\n", stage.told(), story.told)?,
            None => writeln!(text, "{}\n", story.told)?,
        }
    }
    if let Some(tap) = &found.refused {
        let (way, why) = (story::way(tap.leg), story::refused(&tap.why));
        writeln!(text, "The last tap without an attempt\n  {}  {way}: {why}", moment(tap.at))?;
    } else if found.attempts.is_empty() {
        writeln!(text, "Nobody has tapped yet.")?;
    }
    Ok(text)
}

fn document(found: &Traced, now: Timestamp) -> Value {
    let attempts = found.attempts.iter().map(|trace| {
        let (Trace { attempt, host, .. }, story) = (trace, Story::of(trace, now));
        let api_key = attempt.press().and_then(|press| press.api_key);
        let why = match attempt.state {
            State::NotExecuted { why, .. } => Some(why.as_str()),
            State::Pending | State::Sent { .. } | State::Executed { .. } => None,
        };
        let hops = story.hops.iter().map(|hop| {
            let after_ms = hop.after.map(|after| after.as_millis());
            json!({ "at": moment(hop.at), "after_ms": after_ms, "hop": hop.name, "what": hop.what })
        });
        json!({
            "attempt": attempt.id.to_string(),
            "code": attempt.visit().map(|visit| visit.code.to_string()),
            "gate": attempt.gate.to_string(),
            "leg": attempt.leg().map(story::way),
            "epoch": attempt.epoch,
            "asked_for_by": host.map(|host| host.to_string()),
            "api_key": api_key.map(|key| key.to_string()),
            "hops": hops.collect::<Vec<_>>(),
            "outcome": story.outcome.as_str(),
            "why": why,
            "failed_at": story.failed_at.map(story::Stage::as_str),
            "told": story.told,
        })
    });
    let refused = found.refused.as_ref().map(|tap| {
        let (leg, told) = (story::way(tap.leg), story::refused(&tap.why));
        json!({ "at": moment(tap.at), "leg": leg, "why": tap.why, "told": told })
    });
    json!({ "attempts": attempts.collect::<Vec<_>>(), "last_refused_tap": refused })
}

/// A moment to the millisecond, in UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default())
}
