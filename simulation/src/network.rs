//! The network: what is posted arrives, late, twice, out of order, elsewhere or not at all.

use std::time::Duration;

use bridge::mapping::Letter;
use domain::AttemptId;
use domain::access_code::TRIGGER_LIFETIME;
use protocol::{Command, CommandId, Down, GateId, Leg, Order, SigningKey, Topic};

use crate::world::{Event, World};

/// How long a letter takes when nothing is wrong.
const USUAL: Duration = Duration::from_millis(10);

/// How many letters can be replayed.
const KEPT: usize = 200;

/// How bad the network is: of a hundred letters, so many are lost, repeated, late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    lost: u32,
    repeated: u32,
    late: u32,
    latest: Duration,
}

impl Weather {
    pub(crate) const GOOD: Self =
        Self { lost: 0, repeated: 0, late: 0, latest: Duration::from_secs(1) };

    pub(crate) const ALL: [Self; 5] = [
        Self::GOOD,
        Self { lost: 15, ..Self::GOOD },
        Self { repeated: 25, late: 30, ..Self::GOOD },
        Self { lost: 5, repeated: 10, late: 40, latest: Duration::from_secs(10) },
        Self { lost: 30, repeated: 30, late: 50, latest: Duration::from_secs(4) },
    ];
}

pub(crate) struct Network {
    pub(crate) weather: Weather,
    pub(crate) next_letter_stalls: bool,
    pub(crate) next_letter_kills: bool,
    /// What was on the network, to be replayed: to a gate, or to the bridge.
    letters: Vec<(Way, Letter)>,
    latest_arrival_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Down,
    Up,
}

impl Default for Network {
    fn default() -> Self {
        Self::calm(Vec::new())
    }
}

impl Network {
    /// One on which nothing goes wrong any more.
    pub(crate) fn calm(letters: Vec<(Way, Letter)>) -> Self {
        Self {
            weather: Weather::GOOD,
            next_letter_stalls: false,
            next_letter_kills: false,
            letters,
            latest_arrival_ms: 0,
        }
    }

    pub(crate) fn take_letters(&mut self) -> Vec<(Way, Letter)> {
        std::mem::take(&mut self.letters)
    }
}

impl World {
    /// Puts a letter on the network. That is all that the sender knows.
    pub(crate) fn send(&mut self, way: Way, letter: &Letter) {
        if self.network.letters.len() < KEPT {
            self.network.letters.push((way, letter.clone()));
        }
        let Weather { lost, repeated, late, latest } = self.network.weather;
        let gate = self.gate_of(letter);
        if gate.is_some_and(|gate| self.gates[gate].is_cut_off(way, self.now_ms())) {
            self.count("network: lost in a partition");
            return;
        }
        let copies = if self.luck.percent(lost) {
            self.count("network: lost");
            0
        } else if self.luck.percent(repeated) {
            self.count("network: repeated");
            2
        } else {
            1
        };
        for _ in 0..copies {
            let mut delay = USUAL;
            if self.luck.percent(late) {
                self.count("network: late");
                delay += self.luck.between(Duration::ZERO, latest);
            }
            self.arrives(way, letter.clone(), delay);
        }
    }

    fn arrives(&mut self, way: Way, letter: Letter, delay: Duration) {
        let at_ms = self.now_ms() + crate::world::millis(delay);
        if at_ms < self.network.latest_arrival_ms {
            self.count("network: overtaken");
        }
        self.network.latest_arrival_ms = self.network.latest_arrival_ms.max(at_ms);
        self.plan(
            delay,
            match way {
                Way::Down => Event::AtGate(letter),
                Way::Up => Event::AtBridge(letter),
            },
        );
    }

    /// Sends again what was sent before, however long ago.
    pub(crate) fn replay(&mut self) {
        for _ in 0..3 {
            if self.network.letters.is_empty() {
                return;
            }
            let (way, letter) = self.luck.pick(&self.network.letters).clone();
            self.arrives(way, letter, USUAL);
        }
    }

    /// A command that was sent reaches this gate, as if it were on its topic.
    pub(crate) fn misdeliver(&mut self, gate: usize) {
        let commands: Vec<_> =
            self.network.letters.iter().filter(|(_, letter)| is_command(letter)).collect();
        if commands.is_empty() {
            return;
        }
        let body = self.luck.pick(&commands).1.body.clone();
        let topic = Topic::Down(self.gates[gate].topic_id(), Down::Trigger).to_string();
        self.arrives(Way::Down, Letter::new(topic, body), USUAL);
    }

    /// Somebody who knows all but the key asks a gate to open, also for a command that is under
    /// way.
    pub(crate) fn forge(&mut self, gate: usize) {
        let stranger = SigningKey::from_seed("k1", &[8; 32]);
        let to: GateId = self.gates[gate].topic_id();
        let id = self.oracle.latest_attempt().map_or([9; 16], AttemptId::to_bytes);
        let deadline_ms = 1_000 * TRIGGER_LIFETIME.as_secs() * 1_000;
        let order = Order::Open { leg: Leg::Entry, deadline_ms };
        let epoch = self.gates[gate].epoch.unwrap_or(1);
        let command = Command::signed(&stranger, CommandId(id), &to, epoch, order);
        let topic = Topic::Down(to, Down::Trigger).to_string();
        self.arrives(Way::Down, Letter::new(topic, command.to_bytes()), USUAL);
    }

    pub(crate) fn gate_of(&self, letter: &Letter) -> Option<usize> {
        let topic = Topic::parse(&letter.topic).ok()?;
        let id = domain::GateId::parse(topic.gate().as_str()).ok()?;
        self.gates.iter().position(|gate| gate.id == id)
    }
}

fn is_command(letter: &Letter) -> bool {
    matches!(Topic::parse(&letter.topic), Ok(Topic::Down(_, Down::Trigger)))
}
