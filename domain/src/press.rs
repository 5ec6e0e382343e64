//! Opening a gate without a code: whoever may open it presses a button.
//!
//! Each press is at most one pulse, and presses of one person that follow one another at once are
//! one press. What is *absent* here: who may (`permission`), and for how long (`attempt`).

use crate::access_code::Target;
use crate::attempt::{Attempt, Occasion, Press, State};
use crate::gate::Gate;
use crate::{AttemptId, Timestamp};

/// The gate cannot be reached; nothing was made and nothing is sent later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gate is not reachable right now")]
pub struct GateOffline;

/// What a press leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// A command for the gate.
    New(Attempt),
    /// What the same person's last press led to: that is under way, or has just opened.
    Before(Attempt),
}

/// Makes the command, unless the last press of the same person at this gate still answers this
/// one: hands are quicker than gates.
pub fn press(
    press: Press,
    target: Target,
    last: Option<Attempt>,
    attempt: AttemptId,
    now: Timestamp,
) -> Result<Pressed, GateOffline> {
    if let Some(last) = last.filter(|last| last.answers_a_press(&target.gate, now)) {
        return Ok(Pressed::Before(last));
    }
    let epoch = target.reachable(now).ok_or(GateOffline)?;
    let (occasion, gate) = (Occasion::Press(press), target.gate.id);
    Ok(Pressed::New(Attempt::reserved(attempt, occasion, gate, epoch, now)))
}

impl Attempt {
    /// Whether another press now would ask for what this one does already. Not what other hardware
    /// was sent: nobody can tell what became of it, and it opens nothing any more.
    fn answers_a_press(&self, gate: &Gate, now: Timestamp) -> bool {
        match self.state {
            State::Pending | State::Sent { .. } => gate.hardware_since <= self.epoch,
            // It opened by its deadline, however late the gate's word came; and whatever clock it
            // was told by, it answers no longer than that.
            State::Executed { at } => {
                let (gap, opened_by) = (gate.pulse_gap.as_duration(), at.min(self.deadline));
                now < opened_by + gap && opened_by < now + gap
            }
            State::NotExecuted { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
