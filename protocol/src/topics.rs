//! Every topic, built and parsed in this one place: `fluss/v1/gates/{gate}/{what}`.

use std::fmt;

use crate::GateId;

const ROOT: &str = "fluss/v1/gates/";

/// What a gate may publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Up {
    /// A fresh nonce: the gate is here.
    Hello,
    /// The gate adopted its epoch; the ledger of what it executed.
    Ready,
    /// What became of one command.
    Status,
    /// The gate is gone: its last will, or the broker's edge on its behalf.
    Presence,
}

/// What a gate may subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Down {
    /// The answer to a hello.
    Welcome,
    /// Signed commands.
    Trigger,
}

impl Up {
    /// All topics in this direction.
    pub const ALL: [Self; 4] = [Self::Hello, Self::Ready, Self::Status, Self::Presence];

    /// The topic's last word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Ready => "ready",
            Self::Status => "status",
            Self::Presence => "presence",
        }
    }

    /// The filter by which the service hears all gates; no gate may use it.
    pub fn of_all_gates(self) -> String {
        format!("{ROOT}+/{}", self.as_str())
    }
}

impl Down {
    /// All topics in this direction.
    pub const ALL: [Self; 2] = [Self::Welcome, Self::Trigger];

    /// The topic's last word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Trigger => "trigger",
        }
    }
}

/// One gate's topic in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// From the gate to the service.
    Up(GateId, Up),
    /// From the service to the gate.
    Down(GateId, Down),
}

impl Topic {
    /// Reads a topic name exactly; a wildcard, a prefix or an extension is no topic of ours.
    pub fn parse(name: &str) -> Result<Self, InvalidTopic> {
        let (gate, word) =
            name.strip_prefix(ROOT).and_then(|rest| rest.split_once('/')).ok_or(InvalidTopic)?;
        let gate = GateId::parse(gate).map_err(|_| InvalidTopic)?;
        if let Some(up) = Up::ALL.into_iter().find(|up| up.as_str() == word) {
            return Ok(Self::Up(gate, up));
        }
        let down = Down::ALL.into_iter().find(|down| down.as_str() == word);
        down.map(|down| Self::Down(gate, down)).ok_or(InvalidTopic)
    }

    /// Whose topic it is.
    pub fn gate(&self) -> &GateId {
        match self {
            Self::Up(gate, _) | Self::Down(gate, _) => gate,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Up(_, up) => up.as_str(),
            Self::Down(_, down) => down.as_str(),
        };
        write!(f, "{ROOT}{}/{word}", self.gate())
    }
}

/// The name is no topic of this contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no topic of the device contract")]
pub struct InvalidTopic;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_reads_back_as_itself() {
        let gate = GateId::parse("gate_7").unwrap();
        let ups = Up::ALL.map(|up| Topic::Up(gate.clone(), up));
        let downs = Down::ALL.map(|down| Topic::Down(gate.clone(), down));
        for topic in ups.into_iter().chain(downs) {
            assert_eq!(Topic::parse(&topic.to_string()), Ok(topic));
        }
    }

    #[test]
    fn the_service_hears_all_gates_by_one_wildcard() {
        assert_eq!(Up::Status.of_all_gates(), "fluss/v1/gates/+/status");
    }

    #[test]
    fn wildcards_extensions_and_strangers_are_no_topics() {
        for name in [
            "",
            "#",
            "+",
            "fluss/v1/gates/+/trigger",
            "fluss/v1/gates/#",
            "fluss/v1/gates/gate_7",
            "fluss/v1/gates/gate_7/",
            "fluss/v1/gates/gate_7/trigger/x",
            "fluss/v1/gates/gate_7/Trigger",
            "fluss/v1/gates//trigger",
            "/fluss/v1/gates/gate_7/trigger",
            "$share/g/fluss/v1/gates/gate_7/trigger",
            "fluss/v1/gates/gäte/trigger",
        ] {
            assert_eq!(Topic::parse(name), Err(InvalidTopic), "{name}");
        }
    }
}
