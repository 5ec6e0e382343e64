//! Shapes that several endpoints share. Times are RFC 3339 in UTC, ids carry their kind.

use std::collections::HashSet;

use domain::access_code::Standing;
use domain::attempt::{AskedBy, Occasion, Press, State, Visit};
use domain::gate::{Barred, Gate};
use domain::permission::{Act, Role};
use domain::settings::ExitGate;
use domain::visit::Alert;
use domain::{AccessCode, Attempt, Leg, Plan, Timestamp, UserId};
use serde::Serialize;
use store::{DeviceKind, Guest, Pass, Past, SavedSettings};
use utoipa::ToSchema;

/// The word for the exit gate that is whatever the entry gate is.
pub(crate) const SAME_AS_ENTRY: &str = "same_as_entry";

/// A moment as `2026-11-21T21:00:00.000Z`: of one length, so that later texts sort later.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default())
}

/// A moment in the words of a zone; UTC where the zone is not known.
pub(crate) fn in_zone(at: Timestamp, zone: &str) -> jiff::Zoned {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC))
}

/// A gate or an intercom, as the caller may see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Device {
    id: String,
    /// `gate` or `intercom`
    kind: &'static str,
    name: String,
    serial: String,
    /// What the caller is to it: `owner` or `shared`
    role: &'static str,
    /// Shared ones only: the caller's type of access, `full`, `tenant`, `always`, `repeat` or
    /// `temporary`
    access: Option<&'static str>,
    time_zone: String,
    /// What it is used for, where its owner has said it: `home` or `commercial`
    plan: Option<&'static str>,
    /// Gates only: whether it can be opened now
    online: Option<bool>,
    /// Gates only: why it is kept out, if it is: `quarantined` (two seem to hold its key) or
    /// `revoked`
    barred: Option<&'static str>,
    /// Gates only: when it last spoke of itself; it does when it connects, and every half an hour
    last_report_at: Option<String>,
    /// Gates only: its firmware, as it said then
    firmware: Option<String>,
    /// Gates only: the least time between two pulses, in milliseconds
    pulse_gap_ms: Option<u32>,
    /// Intercoms only: whether one-time access can be used by the caller (settings are saved and
    /// the caller may)
    one_time_access: Option<bool>,
    /// Intercoms only, for those who may use it: what the board's QR says
    board_url: Option<String>,
}

impl Device {
    pub(crate) fn seen(device: &store::Device, public_url: &str, now: Timestamp) -> Self {
        let may_use = device.role.may(Act::UseOneTimeAccess).is_ok();
        let (kind, one_time_access, board_url) = match &device.kind {
            DeviceKind::Gate(_) => ("gate", None, None),
            DeviceKind::Intercom { board, .. } => {
                let board = may_use.then(|| format!("{public_url}/b/{}", board.reveal()));
                ("intercom", Some(device.has_settings && may_use), board)
            }
        };
        let (role, access) = match device.role {
            Role::Owner => ("owner", None),
            Role::Shared { share, .. } => ("shared", Some(share.access.as_str())),
            Role::Stranger => ("shared", None),
        };
        Self {
            id: device.kind.id(),
            kind,
            name: device.name.as_str().to_owned(),
            serial: device.serial.clone(),
            role,
            access,
            time_zone: device.time_zone.clone(),
            plan: device.plan.map(Plan::as_str),
            online: device.gate.as_ref().map(|gate: &Gate| gate.ready(now).is_some()),
            barred: device.gate.as_ref().and_then(|gate| gate.barred).map(|barred| match barred {
                Barred::Quarantined { .. } => "quarantined",
                Barred::Revoked { .. } => "revoked",
            }),
            last_report_at: device.last_report.as_ref().map(|report| rfc3339(report.at)),
            firmware: device.last_report.as_ref().map(|report| report.firmware.clone()),
            pulse_gap_ms: device.gate.as_ref().map(|gate| gate.pulse_gap.as_ms()),
            one_time_access,
            board_url,
        }
    }
}

/// One-time access settings; replaced as a whole.
#[derive(Serialize, ToSchema)]
pub(crate) struct Settings {
    /// The gate that opens when a guest enters the code. Applies at once.
    entry_gate: String,
    /// The gate that opens when the guest leaves, or `same_as_entry`. Applies at once.
    exit_gate: String,
    /// How many codes may be active at once: 1, 2, 5, 10, 25 or 50. Applies to new codes.
    max_active_codes: u32,
    /// How long a new code stays valid, in whole hours from 1 to 24. Applies to new codes.
    invite_duration_hours: u8,
    /// How long after its end a guest who is inside may still leave: 0, 30, 120 or 2880 minutes.
    /// Applies to new codes.
    exit_grace_minutes: u16,
}

impl From<SavedSettings> for Settings {
    fn from(saved: SavedSettings) -> Self {
        let settings = saved.settings;
        Self {
            entry_gate: settings.entry_gate.to_string(),
            exit_gate: match settings.exit_gate {
                ExitGate::SameAsEntry => SAME_AS_ENTRY.to_owned(),
                ExitGate::Gate(gate) => gate.to_string(),
            },
            max_active_codes: settings.max_users.codes(),
            invite_duration_hours: settings.invite_duration.hours(),
            exit_grace_minutes: settings.exit_grace.minutes(),
        }
    }
}

/// A code without its digits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Code {
    id: String,
    /// Null once its guest was erased, some time after its end
    guest_name: Option<String>,
    /// `issued`, `entering`, `inside`, `leaving`, `completed`, `expired` or `revoked`; `in_grace`:
    /// it has expired with its guest inside, who may leave until `exit_until`
    state: &'static str,
    /// When it came into this state, where that is known
    since: Option<String>,
    /// Whether the guest went in and never out, for a code that has ended
    no_exit_recorded: bool,
    issued_at: String,
    expires_at: String,
    /// Until when who is inside may leave: a code with a grace lets guests out after it has expired
    exit_until: String,
    /// What its host must know of who is inside: `ending` (within half an hour), `overstay` (it has
    /// ended)
    alert: Option<&'static str>,
    /// Whether it opens nothing for now: a gate of the settings is not on the account any more
    suspended: bool,
    /// Whole seconds until it expires; 0 when it has ended
    remaining_seconds: u64,
    /// Set when too many wrong digits were typed
    link_locked_at: Option<String>,
    /// Who made it
    issued_by: String,
    /// Whether who made it has the intercom no more
    issued_by_former_user: bool,
}

impl Code {
    pub(crate) fn of(pass: &Pass, is_suspended: bool, now: Timestamp) -> Self {
        Self::told(&pass.code, Some(&pass.guest), pass.issued_by, is_suspended, now)
    }

    /// One that has ended.
    pub(crate) fn ended(past: &Past, now: Timestamp) -> Self {
        Self::told(&past.code, past.guest.as_ref(), past.issued_by, false, now)
    }

    fn told(
        code: &AccessCode,
        guest: Option<&Guest>,
        issued_by: UserId,
        is_suspended: bool,
        now: Timestamp,
    ) -> Self {
        let (state, since, inside) = match code.standing(now) {
            Standing::Issued => ("issued", None, false),
            Standing::Entering => ("entering", None, false),
            Standing::Inside { since } => ("inside", Some(since), false),
            Standing::Leaving { since } => ("leaving", Some(since), false),
            Standing::InGrace { since, .. } => ("in_grace", Some(since), true),
            Standing::Completed { at } => ("completed", Some(at), false),
            Standing::Expired { at, inside } => ("expired", Some(at), inside),
            Standing::Revoked { at, inside } => ("revoked", Some(at), inside),
        };
        let remaining = if code.is_active(now) { now.until(code.expires_at).as_secs() } else { 0 };
        Self {
            id: code.id.to_string(),
            guest_name: guest.map(|guest| guest.name.as_str().to_owned()),
            state,
            since: since.map(rfc3339),
            no_exit_recorded: inside,
            issued_at: rfc3339(code.issued_at),
            expires_at: rfc3339(code.expires_at),
            exit_until: rfc3339(code.exit_until()),
            alert: code.alert(None, now).map(|alert| match alert {
                Alert::Ending => "ending",
                Alert::Overstay => "overstay",
            }),
            suspended: is_suspended,
            remaining_seconds: remaining,
            link_locked_at: code.guard.locked_at.map(rfc3339),
            issued_by: issued_by.to_string(),
            issued_by_former_user: false,
        }
    }

    /// The same, saying whether its maker is a former user (S-5).
    pub(crate) fn made_by_one_of(mut self, former: &HashSet<UserId>) -> Self {
        self.issued_by_former_user =
            UserId::parse(&self.issued_by).is_ok_and(|maker| former.contains(&maker));
        self
    }
}

/// One try at opening a gate.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptBody {
    id: String,
    /// The code that it is for; none for a gate that was opened without one
    code: Option<String>,
    /// `entry` or `exit`, of a code
    leg: Option<&'static str>,
    gate: String,
    /// `guest`; `host`: somebody who vouched for the guest; `person`: somebody who opened the gate
    /// without a code; `api_key`: a key that did it for them
    asked_by: &'static str,
    /// Who opened the gate without a code
    opened_by: Option<String>,
    /// `reserved`, `sent`, `opened`, `not_opened` or `unconfirmed`; the last is not final
    state: &'static str,
    /// For `not_opened`: why
    why: Option<&'static str>,
    reserved_at: String,
    /// The gate never opens for it after this moment
    deadline_at: String,
    settled_at: Option<String>,
}

impl AttemptBody {
    pub(crate) fn of(attempt: &Attempt, now: Timestamp) -> Self {
        let (state, why, settled) = match attempt.state {
            State::Pending => ("reserved", None, None),
            State::Sent { .. } if attempt.is_unconfirmed(now) => ("unconfirmed", None, None),
            State::Sent { .. } => ("sent", None, None),
            State::Executed { at } => ("opened", None, Some(at)),
            State::NotExecuted { at, why } => ("not_opened", Some(why.as_str()), Some(at)),
        };
        Self {
            id: attempt.id.to_string(),
            code: attempt.visit().map(|visit| visit.code.to_string()),
            leg: attempt.leg().map(|leg| match leg {
                Leg::Entry => "entry",
                Leg::Exit => "exit",
            }),
            gate: attempt.gate.to_string(),
            asked_by: match attempt.occasion {
                Occasion::Visit(Visit { asked_by: AskedBy::Guest, .. }) => "guest",
                Occasion::Visit(Visit {
                    asked_by: AskedBy::Host | AskedBy::HostDespiteEnd,
                    ..
                }) => "host",
                Occasion::Press(Press { api_key: None, .. }) => "person",
                Occasion::Press(Press { api_key: Some(_), .. }) => "api_key",
            },
            opened_by: attempt.press().map(|press| press.user.to_string()),
            state,
            why,
            reserved_at: rfc3339(attempt.reserved_at),
            deadline_at: rfc3339(attempt.deadline),
            settled_at: settled.map(rfc3339),
        }
    }

    /// Whether nothing can change it any more.
    pub(crate) fn is_final(&self) -> bool {
        self.settled_at.is_some()
    }

    /// The word for its state.
    pub(crate) fn state(&self) -> &'static str {
        self.state
    }
}
