//! `POST /v1/enrolments`: a gate that made its own key asks for its certificate, with the secret
//! on its label. The device contract tells gates how (`docs/device-contract.md`).

use authority::{Certified, InvalidRequest};
use axum::extract::State;
use axum::http::StatusCode;
use domain::gate::{CERTIFICATE_LIFETIME, RENEWAL_AGE};
use domain::secret::EnrolmentSecret;
use domain::{GateId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Certificate, Fingerprint};
use utoipa::ToSchema;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::Json;
use crate::caller::From as Address;

/// What a gate knows of itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrol {
    /// From its label
    serial: String,
    /// From its label
    secret: String,
    /// A certificate signing request in PEM; the gate keeps its private key
    csr: String,
}

/// What a gate needs to connect.
#[derive(Serialize, ToSchema)]
pub(crate) struct Enrolled {
    /// Its id: MQTT client id and part of its topics
    gate_id: String,
    /// PEM
    certificate: String,
    /// PEM: the only CAs to trust for the broker; two while one follows the other
    ca: String,
    broker: BrokerAddress,
    /// By these the gate knows the service's commands
    command_keys: Vec<CommandKey>,
    /// From when on the certificate is renewed, by the service's time
    renew_from_ms: i64,
}

/// Where to connect.
#[derive(Serialize, ToSchema)]
struct BrokerAddress {
    host: String,
    port: u16,
}

/// An Ed25519 public key.
#[derive(Serialize, ToSchema)]
struct CommandKey {
    kid: String,
    /// 32 bytes, base64url
    key: String,
}

/// Gives a gate its certificate. The label admits until the gate's first hello, so a lost answer
/// may be asked for again.
#[utoipa::path(post, path = "/v1/enrolments", tag = "gates", request_body = Enrol,
    responses((status = 201, body = Enrolled)))]
pub(crate) async fn enrol(
    State(api): State<Api>,
    Address(address): Address,
    Json(body): Json<Enrol>,
) -> Result<(StatusCode, axum::Json<Enrolled>), Problem> {
    let secret = EnrolmentSecret::parse(&body.secret);
    let secret = secret.map_err(|error| Problem::field("secret", error))?;
    api.limits.may_guess(address)?;
    if !is_serial(&body.serial) {
        return Err(Code::NotFound.into());
    }
    let (devices, now) = (api.store.devices(), api.now());
    let gate = devices.enrolling(body.serial.clone(), secret.clone()).await?;
    if gate.is_err() {
        api.limits.guessed_wrong(address);
    }
    let gate = gate?;
    let papers = Papers::signed(&api, gate, &body.csr, now)?;
    let enrolled = devices.enrolled(body.serial, secret, papers.certificate(), now).await??;
    if enrolled != gate {
        // The hardware took another gate's place a moment ago: it has to ask in that one's name.
        return Err(Code::Unavailable.into());
    }
    tracing::info!(gate.id = %gate, "enrolled {gate}");
    Ok((StatusCode::CREATED, axum::Json(papers.answer(&api))))
}

/// A certificate that was signed for a gate, to be written down before it is given away.
pub(crate) struct Papers {
    gate: GateId,
    certified: Certified,
    ca: String,
    expires_at: Timestamp,
    renew_from: Timestamp,
}

impl Papers {
    /// Signs a certificate for the key of a request.
    pub(crate) fn signed(
        api: &Api,
        gate: GateId,
        csr: &str,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let expires_at = now + CERTIFICATE_LIFETIME;
        let (from, to) = (now.as_millis(), expires_at.as_millis());
        let authorities = api.authorities.load_full();
        let certified = authorities.signing.certify(csr, &gate.to_string(), from, to);
        let certified = certified.map_err(unsigned)?;
        let (ca, renew_from) = (authorities.bundle_pem(), now + RENEWAL_AGE);
        Ok(Self { gate, certified, ca, expires_at, renew_from })
    }

    /// What the registry keeps of it.
    pub(crate) fn certificate(&self) -> Certificate {
        Certificate {
            fingerprint: Fingerprint(self.certified.fingerprint),
            serial: self.certified.serial,
            public_key: self.certified.public_key.clone(),
            expires_at: self.expires_at,
        }
    }

    /// What the gate is told.
    pub(crate) fn answer(self, api: &Api) -> Enrolled {
        let welcome = &api.gate_welcome;
        let key = |(kid, key): &(String, String)| CommandKey { kid: kid.clone(), key: key.clone() };
        Enrolled {
            gate_id: self.gate.to_string(),
            certificate: self.certified.certificate_pem,
            ca: self.ca,
            broker: BrokerAddress { host: welcome.broker_host.clone(), port: welcome.broker_port },
            command_keys: welcome.command_keys.iter().map(key).collect(),
            renew_from_ms: self.renew_from.as_millis(),
        }
    }
}

/// Says what is wrong with a request for a certificate.
pub(crate) fn unsigned(error: InvalidRequest) -> Problem {
    match error {
        InvalidRequest::Unsignable => Code::Internal.into(),
        InvalidRequest::Unreadable | InvalidRequest::Forged | InvalidRequest::WrongKey => {
            Problem::field("csr", error)
        }
    }
}

/// Whether it could stand on a label at all; another text is as unknown as another label.
fn is_serial(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
