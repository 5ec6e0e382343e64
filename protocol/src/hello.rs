//! How a connection begins: hello, welcome, ready.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::body::body;
use crate::{
    CommandId, Forged, GateId, InvalidBody, Nonce, Report, SigningKey, VERSION, VerifyingKeys,
};

/// "I am here": the first thing a gate says, and again every [`crate::HELLO_RENEWAL`].
///
/// The gate starts its monotonic timer when it sends this; all deadlines of the epoch count
/// from there, so they never end later on the gate than the service thinks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The contract's version.
    pub v: u8,
    /// Fresh for every hello.
    pub nonce: Nonce,
    /// The gate's firmware, for the operator's eyes; at most 64 characters.
    #[serde(default)]
    pub firmware: String,
}
body!(Hello);

impl Hello {
    /// A hello with a fresh nonce.
    pub fn new(nonce: Nonce, firmware: &str) -> Self {
        Self { v: VERSION, nonce, firmware: firmware.to_owned() }
    }
}

/// What the service says on a gate's welcome topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// The answer to one hello.
    Welcome(Welcome),
    /// "Say hello again": the service lost sight of who is ready, for instance by a restart.
    HelloAgain,
}

impl Greeting {
    /// Reads either from the wire.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidBody> {
        let either: GreetingBody = crate::body::read(bytes)?;
        Ok(match either {
            GreetingBody::Welcome(welcome) => Self::Welcome(welcome),
            GreetingBody::HelloAgain { .. } => Self::HelloAgain,
        })
    }

    /// The body as it stands on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Welcome(welcome) => crate::body::write(welcome),
            Self::HelloAgain => {
                crate::body::write(&GreetingBody::HelloAgain { v: VERSION, hello_again: True })
            }
        }
    }
}

/// The new epoch for the hello with this nonce, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The contract's version.
    pub v: u8,
    /// Whom the welcome is for.
    pub gate: GateId,
    /// The nonce of the hello that it answers; any other is ignored.
    pub nonce: Nonce,
    /// The only epoch whose commands the gate executes from now on.
    pub epoch: u64,
    /// The service's time in ms since 1970 UTC, by which a gate knows when to renew its
    /// certificate; no rule about commands depends on it.
    pub server_time_ms: i64,
    /// The least time between two pulses of the gate in this epoch.
    pub pulse_gap_ms: u64,
    /// Which key signed.
    pub kid: String,
    /// Ed25519 over the canonical bytes, base64url.
    pub sig: String,
}
body!(Welcome);

impl Welcome {
    /// Signs the welcome to one hello.
    pub fn signed(
        key: &SigningKey,
        gate: &GateId,
        nonce: Nonce,
        epoch: u64,
        server_time_ms: i64,
        pulse_gap: Duration,
    ) -> Self {
        let mut welcome = Self {
            v: VERSION,
            gate: gate.clone(),
            nonce,
            epoch,
            server_time_ms,
            pulse_gap_ms: u64::try_from(pulse_gap.as_millis()).unwrap_or(u64::MAX),
            kid: key.kid().to_owned(),
            sig: String::new(),
        };
        welcome.sig = key.sign(&welcome.canonical());
        welcome
    }

    /// Checks that the service signed exactly this.
    pub fn verify(&self, keys: &VerifyingKeys) -> Result<(), Forged> {
        keys.check(&self.kid, &self.canonical(), &self.sig)
    }

    fn canonical(&self) -> String {
        let Self { gate, nonce, epoch, server_time_ms, pulse_gap_ms, .. } = self;
        format!("fluss/v1/welcome\n{gate}\n{nonce}\n{epoch}\n{server_time_ms}\n{pulse_gap_ms}\n")
    }
}

/// "I adopted the epoch": from here on the gate can be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The contract's version.
    pub v: u8,
    /// The nonce of the hello that began this epoch.
    pub nonce: Nonce,
    /// The adopted epoch.
    pub epoch: u64,
    /// The last executed commands, at most [`crate::LEDGER_LENGTH`], oldest first.
    pub ledger: Vec<CommandId>,
}
impl Ready {
    /// The readiness that follows a welcome.
    pub fn new(nonce: Nonce, epoch: u64, ledger: Vec<CommandId>) -> Self {
        Self { v: VERSION, nonce, epoch, ledger }
    }
}

impl Report for Ready {
    fn version(&self) -> u8 {
        self.v
    }

    fn to_sign(&self, gate: &GateId) -> String {
        let Self { nonce, epoch, ledger, .. } = self;
        let mut said = format!("fluss/v1/ready\n{gate}\n{nonce}\n{epoch}\n");
        said.extend(ledger.iter().flat_map(|id| [id.to_string(), "\n".to_owned()]));
        said
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum GreetingBody {
    Welcome(Welcome),
    HelloAgain { v: u8, hello_again: True },
}

impl crate::body::Versioned for GreetingBody {
    fn version(&self) -> u8 {
        match self {
            Self::Welcome(Welcome { v, .. }) | Self::HelloAgain { v, .. } => *v,
        }
    }
}

/// The JSON literal `true`.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
struct True;

impl From<True> for bool {
    fn from(True: True) -> Self {
        true
    }
}

impl TryFrom<bool> for True {
    type Error = &'static str;
    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("expected true") }
    }
}
