//! What happened to a device, in words, the latest first: who did it, when, around which guest.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use domain::event::EventKind;
use domain::permission::Act;
use domain::{CodeId, EventId, UserId};
use serde::Deserialize;
use store::{Device, DeviceKind, Happened, Part};

use super::owner::Owner;
use crate::Api;
use crate::answers::Problem;
use crate::body::{self, Path, Query};
use crate::pages::{Moment, Screen, Words, filters};

/// How much a page tells.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "console/story.html")]
pub(super) struct Story {
    id: String,
    place: String,
    told: Vec<Told>,
    of: Option<Of>,
    /// Whether the page does not begin with the latest.
    is_older: bool,
    /// Where the next page begins, if there may be one.
    older: Option<String>,
    /// Only the owner of an intercom can have its audit.
    has_audit: bool,
}

/// One thing that happened.
struct Told {
    what: &'static str,
    at: Moment,
    by: Option<Words>,
    whom: Option<Words>,
    /// The code that it happened around, and its guest.
    code: Option<(String, String)>,
    gate: Option<String>,
}

/// What a reader looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Of {
    Openings,
    Codes,
    People,
    Settings,
    Device,
}

/// Which page.
#[derive(Default, Deserialize)]
pub(super) struct Wanted {
    of: Option<Of>,
    before: Option<String>,
}

/// `GET /console/devices/{id}/story`.
pub(super) async fn show(
    State(api): State<Api>,
    Owner(caller): Owner,
    Path(id): Path<String>,
    Query(Wanted { of, before }): Query<Wanted>,
) -> Result<Screen<Story>, Problem> {
    let device = api.store.devices().details(caller.user, body::device(&id)?, api.now()).await??;
    // What a restored feed does not know any more begins with the latest, too.
    let before = before.and_then(|id| EventId::parse(&id).ok());
    let part = Part { of: of.map(Of::kinds), before, at_most: PAGE };
    let id = device.kind.id();
    let happened = api.store.events().story(caller.user, id.clone(), part, api.now()).await??;
    let names = Names::of(&api, caller.user, &device, &happened).await?;
    let is_full = happened.len() == PAGE as usize;
    Ok(Screen(Story {
        told: happened.iter().map(|event| names.tell(event)).collect(),
        of,
        is_older: before.is_some(),
        older: happened.last().filter(|_| is_full).map(|event| event.id.to_string()),
        has_audit: names.is_owner && matches!(device.kind, DeviceKind::Intercom { .. }),
        place: device.name.as_str().to_owned(),
        id,
    }))
}

/// Whom and what a reader knows by a name.
struct Names {
    reader: UserId,
    is_owner: bool,
    device: String,
    zone: String,
    people: HashMap<UserId, String>,
    devices: HashMap<String, String>,
    guests: HashMap<CodeId, String>,
}

impl Names {
    async fn of(
        api: &Api,
        reader: UserId,
        device: &Device,
        happened: &[Happened],
    ) -> Result<Self, Problem> {
        let id = device.kind.id();
        let is_owner = device.role.may(Act::Manage).is_ok();
        let people = if is_owner {
            api.store.people().of(reader, id.clone(), api.now()).await??
        } else {
            Vec::new()
        };
        let known = |person: store::Person| (person.user, person.phone.reveal().to_owned());
        let named = |device: Device| (device.kind.id(), device.name.as_str().to_owned());
        let mut guests = HashMap::new();
        for code in happened.iter().filter_map(|event| event.code) {
            if guests.contains_key(&code) {
                continue;
            }
            // Who may know of a gate need not know whose guests it opened for.
            if let Ok(issued) = api.store.codes().details(reader, code, api.now()).await? {
                guests.insert(code, issued.pass.guest.name.as_str().to_owned());
            }
        }
        Ok(Self {
            reader,
            is_owner,
            device: id,
            zone: device.time_zone.clone(),
            people: people.into_iter().map(known).collect(),
            devices: api
                .store
                .devices()
                .of(reader, api.now())
                .await?
                .into_iter()
                .map(named)
                .collect(),
            guests,
        })
    }

    fn tell(&self, event: &Happened) -> Told {
        let guest = |code: CodeId| Some((code.to_string(), self.guests.get(&code)?.clone()));
        // Who makes codes is known at their intercom, and need not be at the gate.
        let is_known_here = event.code.is_none()
            || event.intercom.is_none_or(|intercom| intercom.to_string() == self.device);
        let former = |former, other| {
            if self.is_owner && is_known_here { former } else { other }
        };
        let elsewhere = event.device.as_ref().filter(|device| **device != self.device);
        Told {
            what: words_of(&event.kind),
            at: Moment::new(event.at, &self.zone),
            by: event.actor.map(|user| {
                let unknown = former("story-by-former", "story-by-other");
                self.person(user, ["story-by-you", "story-by", unknown])
            }),
            whom: event.user.map(|user| {
                let unknown = former("story-for-former", "story-for-other");
                self.person(user, ["story-for-you", "story-for", unknown])
            }),
            code: event.code.and_then(guest),
            gate: elsewhere.and_then(|device| self.devices.get(device).cloned()),
        }
    }

    /// The reader, somebody with a number, or somebody without: who has no access any more, or
    /// whose number is not the reader's to know (S-5).
    fn person(&self, user: UserId, [you, known, unknown]: [&'static str; 3]) -> Words {
        match self.people.get(&user) {
            _ if user == self.reader => Words::of(you),
            Some(phone) => Words::of(known).with("who", phone.as_str()),
            None => Words::of(unknown),
        }
    }
}

impl Of {
    const ALL: [Self; 5] =
        [Self::Openings, Self::Codes, Self::People, Self::Settings, Self::Device];

    fn word(self) -> &'static str {
        match self {
            Self::Openings => "openings",
            Self::Codes => "codes",
            Self::People => "people",
            Self::Settings => "settings",
            Self::Device => "device",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Openings => "story-openings",
            Self::Codes => "story-codes",
            Self::People => "story-people",
            Self::Settings => "story-settings",
            Self::Device => "story-device",
        }
    }

    /// What the words of its events begin with.
    fn kinds(self) -> [&'static str; 3] {
        match self {
            Self::Openings => ["attempt"; 3],
            Self::Codes => ["pass", "visit", "visit"],
            Self::People => ["grant", "owner", "person"],
            Self::Settings => ["settings", "tenant_settings", "tenant_settings"],
            Self::Device => ["device", "gate", "gate"],
        }
    }
}

/// What happened, in a message.
pub(super) fn words_of(kind: &str) -> &'static str {
    use EventKind as Kind;
    let Some(kind) = EventKind::parse(kind) else { return "event-other" };
    match kind {
        Kind::DeviceClaimed => "event-device-claimed",
        Kind::OwnerTransferred => "event-owner-transferred",
        Kind::DeviceEnrolled => "event-device-enrolled",
        Kind::DeviceRenewed => "event-device-renewed",
        Kind::DeviceRevoked => "event-device-revoked",
        Kind::DeviceReplaced => "event-device-replaced",
        Kind::DeviceQuarantined => "event-device-quarantined",
        Kind::DeviceReleased => "event-device-released",
        Kind::DevicePulseGapSet => "event-device-pulse-gap-set",
        Kind::SettingsSaved => "event-settings-saved",
        Kind::GrantAdded => "event-grant-added",
        Kind::GrantRemoved => "event-grant-removed",
        Kind::PassIssued => "event-pass-issued",
        Kind::PassRevoked => "event-pass-revoked",
        Kind::PassSuspended => "event-pass-suspended",
        Kind::PassResumed => "event-pass-resumed",
        Kind::PassCompleted => "event-pass-completed",
        Kind::PassCodeRejected => "event-pass-code-rejected",
        Kind::PassLinkLocked => "event-pass-link-locked",
        Kind::AttemptReserved => "event-attempt-reserved",
        Kind::AttemptSent => "event-attempt-sent",
        Kind::AttemptOpened => "event-attempt-opened",
        Kind::AttemptRefused => "event-attempt-refused",
        Kind::AttemptContradicted => "event-attempt-contradicted",
        Kind::GateOnline => "event-gate-online",
        Kind::GateOffline => "event-gate-offline",
        Kind::DeviceRemoved => "event-device-removed",
        Kind::DevicePlanSet => "event-device-plan-set",
        Kind::DevicePlanTransferred => "event-device-plan-transferred",
        Kind::PassUnlocked => "event-pass-unlocked",
        Kind::VisitEnding => "event-visit-ending",
        Kind::VisitOverstay => "event-visit-overstay",
        Kind::VisitGateOffline => "event-visit-gate-offline",
        Kind::VisitGateOnline => "event-visit-gate-online",
        Kind::PersonAdded => "event-person-added",
        Kind::PersonChanged => "event-person-changed",
        Kind::PersonRemoved => "event-person-removed",
        Kind::TenantSettingsSaved => "event-tenant-settings-saved",
        // These happen to people, numbers and the service, and stand in no device's story.
        Kind::SessionStarted
        | Kind::SessionDisplaced
        | Kind::SessionEnded
        | Kind::SessionEndedBySystem
        | Kind::SessionSteppedUp
        | Kind::CountryExceptionMade
        | Kind::CountryExceptionRevoked
        | Kind::NumberChanged
        | Kind::SecondFactorOn
        | Kind::SecondFactorOff
        | Kind::RecoveryCodeUsed
        | Kind::ApiKeyMade
        | Kind::ApiKeyRevoked
        | Kind::PersonExported
        | Kind::PersonErased
        | Kind::ServiceRestored => "event-other",
    }
}
