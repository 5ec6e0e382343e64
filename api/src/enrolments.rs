//! `POST /v1/enrolments`: a gate that made its own key asks for its certificate, with the secret
//! on its label. The device contract tells gates how (`docs/device-contract.md`).

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use domain::secret::EnrolmentSecret;
use serde::{Deserialize, Serialize};
use store::Fingerprint;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::Json;
use crate::caller::From as Address;

/// How long a gate's certificate holds.
const CERTIFICATE_LIFETIME: Duration = Duration::from_hours(90 * 24);

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
    let gate_id = gate?.to_string();
    let end = now + CERTIFICATE_LIFETIME;
    let authorities = api.authorities.load_full();
    let ca = &authorities.signing;
    let certified = ca.certify(&body.csr, &gate_id, now.as_millis(), end.as_millis());
    let certified = certified.map_err(|error| match error {
        authority::InvalidRequest::Unsignable => Problem::from(Code::Internal),
        authority::InvalidRequest::Unreadable
        | authority::InvalidRequest::Forged
        | authority::InvalidRequest::WrongKey => Problem::field("csr", error),
    })?;
    let certificate = store::Certificate {
        fingerprint: Fingerprint(certified.fingerprint),
        serial: certified.serial,
        expires_at: end,
    };
    devices.enrolled(body.serial, secret, certificate, now).await??;
    tracing::info!(gate.id = %gate_id, "enrolled {gate_id}");
    let key = |(kid, key): &(String, String)| CommandKey { kid: kid.clone(), key: key.clone() };
    let enrolled = Enrolled {
        gate_id,
        certificate: certified.certificate_pem,
        ca: authorities.bundle_pem(),
        broker: BrokerAddress {
            host: api.gate_welcome.broker_host.clone(),
            port: api.gate_welcome.broker_port,
        },
        command_keys: api.gate_welcome.command_keys.iter().map(key).collect(),
    };
    Ok((StatusCode::CREATED, axum::Json(enrolled)))
}

/// Whether it could stand on a label at all; another text is as unknown as another label.
fn is_serial(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
