//! The one place where refusals and faults become answers.

use domain::access_code::{NotActive, Refusal as RedeemRefusal};
use domain::channel::Unavailable;
use domain::login::{Channel, Refusal as PinRefusal};
use domain::permission::Denied;
use serde_json::json;
use store::{
    Claimed, Enrolment, FactorRefusal, Fault, GateRefusal, InviteRefusal, IssueRefusal, KeyRefusal,
    LoginRefusal, NumberRefusal, OpenRefusal, PlanRefusal, Renewal, Replacement, RevokeRefusal,
    SaveRefusal, SessionRefusal, SettingsRefusal, StepUpNeeded, TenantSaveRefusal, TooManyPins,
    TransferRefusal, Unwelcome, VouchRefusal, Withheld,
};

use super::{Code, Problem};
use crate::tenants::TenantSettingsBody;
use crate::wire;

/// Logs the fault, once; the client learns only that it is not its own.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy => {
                tracing::warn!("refused a request: too many writes are waiting");
                Code::Busy.into()
            }
            Fault::SessionEnded(how) => how.into(),
            Fault::Unavailable(_) => {
                tracing::error!(%fault, "could not answer a request");
                Code::Unavailable.into()
            }
            Fault::Corrupt { .. } | Fault::WrongKeys => {
                tracing::error!(%fault, "could not answer a request");
                Code::Internal.into()
            }
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown => Code::NotFound.into(),
            Denied::NotOwner => Code::NotOwner.into(),
            Denied::NoPermission => Code::NoPermission.into(),
            Denied::NoWifi => Code::NoWifi.into(),
            Denied::NotNow { from } => {
                from.into_iter().fold(Code::AccessNotNow.into(), Self::retry_at)
            }
        }
    }
}

impl From<InviteRefusal> for Problem {
    fn from(refusal: InviteRefusal) -> Self {
        match refusal {
            InviteRefusal::Denied(denied) => denied.into(),
            InviteRefusal::Owners => Code::AlreadyTheirs.into(),
            InviteRefusal::AlreadyShared => Code::AlreadyShared.into(),
            InviteRefusal::Over => Self::field("until", "expected a moment that has not passed"),
            InviteRefusal::TooLong(settings) => Self::from(Code::InvitationTooLong)
                .with("longest_invitation_minutes", settings.longest.minutes()),
            InviteRefusal::TooMany { active, limit, next_slot_at } => {
                Self::from(Code::TooManyInvitations)
                    .with("active", active)
                    .with("limit", limit)
                    .with("next_slot_at", next_slot_at.map(wire::rfc3339))
            }
            InviteRefusal::Crowded => Code::TooManyPeople.into(),
        }
    }
}

impl From<TenantSaveRefusal> for Problem {
    fn from(refusal: TenantSaveRefusal) -> Self {
        match refusal {
            TenantSaveRefusal::Denied(denied) => denied.into(),
            TenantSaveRefusal::Stale(current) => {
                let current = json!(TenantSettingsBody::from(current));
                Self::from(Code::Stale).with("current", current)
            }
        }
    }
}

impl From<PinRefusal> for Problem {
    fn from(refusal: PinRefusal) -> Self {
        match refusal {
            PinRefusal::Invalid => Code::OtpInvalid.into(),
            PinRefusal::Expired => Code::OtpExpired.into(),
            PinRefusal::TooMany => Code::OtpTooMany.into(),
            PinRefusal::SecondFactorNeeded => Code::SecondFactorNeeded.into(),
            PinRefusal::Wait { until: Some(until) } => Self::from(Code::OtpTooMany).retry_at(until),
            PinRefusal::Wait { until: None } => Code::NumberLocked.into(),
        }
    }
}

impl From<TooManyPins> for Problem {
    fn from(TooManyPins { until }: TooManyPins) -> Self {
        Self::from(Code::OtpTooSoon).retry_at(until)
    }
}

impl From<LoginRefusal> for Problem {
    fn from(refusal: LoginRefusal) -> Self {
        match refusal {
            LoginRefusal::Pin(refusal) => refusal.into(),
            LoginRefusal::Pace(too_many) => too_many.into(),
            LoginRefusal::Channel(closed) => closed.into(),
            LoginRefusal::Withheld(Withheld::Blocked) => Code::CountryBlocked.into(),
            LoginRefusal::Withheld(Withheld::Held { held, .. }) => {
                Self::from(Code::TooManyRequests).retry_at(held.until)
            }
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(Unavailable { others, retry_at }: Unavailable) -> Self {
        let others: Vec<_> = others.into_iter().map(Channel::as_str).collect();
        let problem = Self::from(Code::ChannelUnavailable).with("try", others);
        retry_at.into_iter().fold(problem, Self::retry_at)
    }
}

impl From<SessionRefusal> for Problem {
    fn from(refusal: SessionRefusal) -> Self {
        match refusal {
            SessionRefusal::Unknown => Code::SessionMissing.into(),
            SessionRefusal::Displaced { by, at } => Self::from(Code::SessionDisplaced)
                .with("by", by.as_str())
                .with("at", wire::rfc3339(at)),
            SessionRefusal::SignedOut { at } => {
                Self::from(Code::SessionEnded).with("by", "system").with("at", wire::rfc3339(at))
            }
        }
    }
}

impl From<StepUpNeeded> for Problem {
    fn from(StepUpNeeded: StepUpNeeded) -> Self {
        Code::StepUpNeeded.into()
    }
}

impl From<NumberRefusal> for Problem {
    fn from(refusal: NumberRefusal) -> Self {
        match refusal {
            NumberRefusal::StepUp(needed) => needed.into(),
            NumberRefusal::Held { until } => Self::from(Code::NumberHeld).retry_at(until),
            NumberRefusal::Pin(refusal) => refusal.into(),
            NumberRefusal::InUse => Code::NumberInUse.into(),
        }
    }
}

impl From<FactorRefusal> for Problem {
    fn from(refusal: FactorRefusal) -> Self {
        match refusal {
            FactorRefusal::On => Code::SecondFactorOn.into(),
            FactorRefusal::Off => Code::SecondFactorOff.into(),
            FactorRefusal::Code(refusal) => refusal.into(),
        }
    }
}

impl From<Claimed> for Problem {
    fn from(refusal: Claimed) -> Self {
        match refusal {
            Claimed::Unknown => Code::NotFound.into(),
            Claimed::Already => Code::AlreadyClaimed.into(),
        }
    }
}

impl From<PlanRefusal> for Problem {
    fn from(refusal: PlanRefusal) -> Self {
        match refusal {
            PlanRefusal::Denied(denied) => denied.into(),
            PlanRefusal::OtherKind => Code::OtherKind.into(),
            PlanRefusal::Missing => Code::PlanMissing.into(),
            PlanRefusal::Taken => Code::PlanTaken.into(),
        }
    }
}

impl From<Enrolment> for Problem {
    fn from(refusal: Enrolment) -> Self {
        match refusal {
            Enrolment::Unknown => Code::NotFound.into(),
            Enrolment::Already => Code::AlreadyEnrolled.into(),
        }
    }
}

impl From<Renewal> for Problem {
    fn from(refusal: Renewal) -> Self {
        let why = match refusal {
            Renewal::Unwelcome(Unwelcome::Unknown) => return Code::NotFound.into(),
            Renewal::Unwelcome(Unwelcome::Expired) => "expired",
            Renewal::Unwelcome(Unwelcome::Revoked) => "revoked",
            Renewal::Unwelcome(Unwelcome::Quarantined) => "quarantined",
            Renewal::TooEarly { from } => {
                let too_early = Self::from(Code::RenewalTooEarly);
                return too_early.with("renew_from_ms", from.as_millis());
            }
            Renewal::TooSoon { until } => {
                return Self::from(Code::TooManyRequests).retry_at(until);
            }
        };
        Self::from(Code::CertificateRefused).with("why", why)
    }
}

impl From<GateRefusal> for Problem {
    fn from(refusal: GateRefusal) -> Self {
        match refusal {
            GateRefusal::Denied(denied) => denied.into(),
            GateRefusal::NotAGate => Code::NotAGate.into(),
        }
    }
}

impl From<Replacement> for Problem {
    fn from(refusal: Replacement) -> Self {
        match refusal {
            Replacement::Gate(refusal) => refusal.into(),
            Replacement::Unknown => {
                let code = Code::NotFound;
                Self::from(code).naming("claim_code", code.title())
            }
            Replacement::NotASpare => Code::NotASpare.into(),
        }
    }
}

impl From<SettingsRefusal> for Problem {
    fn from(refusal: SettingsRefusal) -> Self {
        match refusal {
            SettingsRefusal::Denied(denied) => denied.into(),
            SettingsRefusal::NotAnIntercom => Code::NotAnIntercom.into(),
        }
    }
}

impl From<SaveRefusal> for Problem {
    fn from(refusal: SaveRefusal) -> Self {
        match refusal {
            SaveRefusal::Settings(refusal) => refusal.into(),
            SaveRefusal::GateNotOwned { field } => {
                let code = Code::GateNotOwned;
                Self::from(code).naming(field, code.title())
            }
            SaveRefusal::Stale(current) => {
                let current = current.map(|saved| json!(wire::Settings::from(saved)));
                Self::from(Code::Stale).with("current", current)
            }
        }
    }
}

impl From<IssueRefusal> for Problem {
    fn from(refusal: IssueRefusal) -> Self {
        match refusal {
            IssueRefusal::Denied(denied) => denied.into(),
            IssueRefusal::NotAnIntercom => Code::NotAnIntercom.into(),
            IssueRefusal::SettingsMissing => Code::SettingsMissing.into(),
            IssueRefusal::GateMissing => Code::GateMissing.into(),
            IssueRefusal::LimitReached { active, limit, next_slot_at } => {
                Self::from(Code::LimitReached)
                    .with("active", active)
                    .with("limit", limit)
                    .with("next_slot_at", next_slot_at.map(wire::rfc3339))
            }
            IssueRefusal::NoDigitsLeft => Code::NoDigitsLeft.into(),
            IssueRefusal::KeyReused => Code::KeyReused.into(),
        }
    }
}

impl From<RevokeRefusal> for Problem {
    fn from(refusal: RevokeRefusal) -> Self {
        let state = match refusal {
            RevokeRefusal::Denied(denied) => return denied.into(),
            RevokeRefusal::NotActive(NotActive::Revoked) => "revoked",
            RevokeRefusal::NotActive(NotActive::Expired) => "expired",
            RevokeRefusal::NotActive(NotActive::Completed) => "completed",
        };
        Self::from(Code::NotActive).with("state", state)
    }
}

impl From<TransferRefusal> for Problem {
    fn from(refusal: TransferRefusal) -> Self {
        match refusal {
            TransferRefusal::Denied(denied) => denied.into(),
            TransferRefusal::UserNotFound => Code::UserNotFound.into(),
            TransferRefusal::AlreadyTheirs => Code::AlreadyTheirs.into(),
            TransferRefusal::NotAlong(gate) => {
                Self::field("gates", format!("{gate} is no gate of the settings that is yours"))
            }
        }
    }
}

impl From<OpenRefusal> for Problem {
    fn from(refusal: OpenRefusal) -> Self {
        match refusal {
            OpenRefusal::Denied(denied) => denied.into(),
            OpenRefusal::NotAGate => Code::NotAGate.into(),
            OpenRefusal::GateOffline => Self::from(Code::GateOffline).passing(),
        }
    }
}

impl From<KeyRefusal> for Problem {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Denied(denied) => denied.into(),
            KeyRefusal::TooMany => Code::TooManyApiKeys.into(),
        }
    }
}

impl From<VouchRefusal> for Problem {
    fn from(refusal: VouchRefusal) -> Self {
        match refusal {
            VouchRefusal::Denied(denied) => denied.into(),
            VouchRefusal::UnderWay(attempt) => {
                Self::from(Code::AlreadyOpening).with("attempt", attempt.to_string())
            }
            VouchRefusal::Rule(refusal) => refusal.into(),
        }
    }
}

impl From<RedeemRefusal> for Problem {
    fn from(refusal: RedeemRefusal) -> Self {
        match refusal {
            RedeemRefusal::Revoked => Code::PassRevoked.into(),
            RedeemRefusal::Expired => Code::PassExpired.into(),
            RedeemRefusal::Used => Code::PassUsed.into(),
            RedeemRefusal::NotEnteredYet => Code::NotEnteredYet.into(),
            RedeemRefusal::AlreadyOpening => Code::AlreadyOpening.into(),
            RedeemRefusal::ScanRequired => Code::ScanRequired.into(),
            RedeemRefusal::WrongIntercom => Code::WrongIntercom.into(),
            RedeemRefusal::LinkLocked => Code::LinkLocked.into(),
            RedeemRefusal::Wait { until } => Self::from(Code::CodeWait).retry_at(until),
            RedeemRefusal::WrongCode { tries_left } => {
                Self::from(Code::CodeWrong).with("tries_left", tries_left)
            }
            RedeemRefusal::TooManyAttempts => Code::TooManyRequests.into(),
            RedeemRefusal::GateOffline => Code::GateOffline.into(),
            RedeemRefusal::Suspended => Code::PassSuspended.into(),
        }
    }
}
