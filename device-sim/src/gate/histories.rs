//! Histories nobody thought of: a lawful service, a hostile network, reboots at every point.
//!
//! The network delivers what was ever sent, in any order, any number of times, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::SigningKey;

use super::*;

const GAP: Duration = Duration::from_millis(20);

#[derive(Clone, Debug)]
enum Turn {
    Connect,
    LoseConnection,
    HelloDue {
        early: bool,
    },
    HelloAgain,
    /// The service answers the newest hello, once.
    Welcome,
    /// Any welcome ever sent.
    OldWelcome(prop::sample::Index),
    /// The service issues an opening in its newest epoch, and it arrives; or it is delayed.
    Open {
        delayed: bool,
        lifetime_ms: u64,
    },
    /// The service asks about any opening in its newest epoch.
    Ask {
        about: prop::sample::Index,
        cancel: bool,
    },
    /// Any command ever sent.
    OldCommand(prop::sample::Index),
    LedgerWritten,
    LedgerFailed {
        reached_the_disk: bool,
    },
    Reboot {
        reached_the_disk: bool,
    },
    Wait(u64),
}

fn turn() -> impl Strategy<Value = Turn> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => Just(Turn::Connect),
        1 => Just(Turn::LoseConnection),
        1 => any::<bool>().prop_map(|early| Turn::HelloDue { early }),
        1 => Just(Turn::HelloAgain),
        8 => Just(Turn::Welcome),
        1 => index().prop_map(Turn::OldWelcome),
        12 => (any::<bool>(), 0..200u64)
            .prop_map(|(delayed, lifetime_ms)| Turn::Open { delayed, lifetime_ms }),
        4 => (index(), any::<bool>()).prop_map(|(about, cancel)| Turn::Ask { about, cancel }),
        8 => index().prop_map(Turn::OldCommand),
        16 => Just(Turn::LedgerWritten),
        1 => any::<bool>().prop_map(|reached_the_disk| Turn::LedgerFailed { reached_the_disk }),
        1 => any::<bool>().prop_map(|reached_the_disk| Turn::Reboot { reached_the_disk }),
        8 => (0..40u64).prop_map(Turn::Wait),
    ]
}

/// The gate, its disk, the service and what an onlooker knows.
struct World {
    now: Duration,
    gate: Gate,
    /// What the ledger file holds, and the id that is on its way there.
    disk: Vec<CommandId>,
    writing: Option<CommandId>,
    nonces: u8,
    /// The newest hello, until the service answers it.
    hello: Option<Nonce>,
    hello_sent_at: BTreeMap<Nonce, Duration>,
    epochs: u64,
    welcomes: Vec<Welcome>,
    commands: Vec<Command>,
    /// The epoch that the gate said it is ready in, with the moment of its hello.
    adopted: Option<(u64, Duration)>,
    pulsed: BTreeSet<CommandId>,
    /// The last pulse since the gate was switched on.
    pulsed_at: Option<Duration>,
    /// Commands of which the gate said that they are not executed.
    denied: BTreeSet<CommandId>,
    /// Commands that some ready left out although they were of an older epoch.
    absent: BTreeSet<CommandId>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn whatever_happens_the_contract_holds(turns in vec(turn(), 0..120)) {
        let mut world = World::new();
        for turn in turns {
            world.play(&turn)?;
        }
    }
}

impl World {
    fn new() -> Self {
        Self {
            now: Duration::from_secs(1),
            gate: switched_on(&[]),
            disk: vec![],
            writing: None,
            nonces: 0,
            hello: None,
            hello_sent_at: BTreeMap::new(),
            epochs: 0,
            welcomes: vec![],
            commands: vec![],
            adopted: None,
            pulsed: BTreeSet::new(),
            pulsed_at: None,
            denied: BTreeSet::new(),
            absent: BTreeSet::new(),
        }
    }

    fn play(&mut self, turn: &Turn) -> Result<(), TestCaseError> {
        match turn {
            Turn::Connect => {
                if self.gate.hello_due().is_some() {
                    return Ok(()); // It is connected.
                }
                let nonce = self.nonce();
                self.step(Input::Connected { nonce })
            }
            Turn::LoseConnection => self.step(Input::ConnectionLost),
            Turn::HelloDue { early } => {
                if let Some(due) = self.gate.hello_due().filter(|_| !early) {
                    self.now = self.now.max(due);
                }
                let nonce = self.nonce();
                self.step(Input::HelloDue { nonce })
            }
            Turn::HelloAgain => {
                self.step(Input::Greeted { greeting: Greeting::HelloAgain, retained: false })
            }
            Turn::Welcome => {
                let Some(nonce) = self.hello.take() else { return Ok(()) };
                self.epochs += 1;
                let welcome = Welcome::signed(&service(), &own(), nonce, self.epochs, 0, GAP);
                self.welcomes.push(welcome.clone());
                self.step(Input::Greeted { greeting: Greeting::Welcome(welcome), retained: false })
            }
            Turn::OldWelcome(which) if !self.welcomes.is_empty() => {
                let greeting = Greeting::Welcome(which.get(&self.welcomes).clone());
                self.step(Input::Greeted { greeting, retained: false })
            }
            Turn::Open { delayed, lifetime_ms } => {
                let Some((_, hello_sent_at)) = self.adopted else { return Ok(()) };
                let age = self.now.saturating_sub(hello_sent_at).as_millis();
                let deadline_ms = u64::try_from(age).unwrap() + lifetime_ms;
                let id = CommandId((self.commands.len() as u128).to_be_bytes());
                let order = Order::Open { leg: Leg::Entry, deadline_ms };
                self.send(id, order, *delayed)
            }
            Turn::Ask { about, cancel } if !self.commands.is_empty() => {
                let order = if *cancel { Order::Cancel } else { Order::Query };
                self.send(about.get(&self.commands).id, order, false)
            }
            Turn::OldCommand(which) if !self.commands.is_empty() => {
                let command = which.get(&self.commands).clone();
                self.step(Input::Commanded { command, retained: false })
            }
            Turn::OldWelcome(_) | Turn::Ask { .. } | Turn::OldCommand(_) => Ok(()),
            Turn::LedgerWritten => {
                let Some(id) = self.writing.take() else { return Ok(()) };
                self.disk.push(id);
                self.step(Input::LedgerWritten)
            }
            Turn::LedgerFailed { reached_the_disk } => {
                let Some(id) = self.writing.take() else { return Ok(()) };
                self.disk.extend(reached_the_disk.then_some(id));
                self.step(Input::LedgerFailed)
            }
            Turn::Reboot { reached_the_disk } => {
                let id = self.writing.take().filter(|_| *reached_the_disk);
                self.disk.extend(id);
                self.gate = switched_on(&self.disk[self.disk.len().saturating_sub(64)..]);
                self.adopted = None;
                Ok(())
            }
            Turn::Wait(ms) => {
                self.now += Duration::from_millis(*ms);
                Ok(())
            }
        }
    }

    /// The service signs in the newest epoch that it gave out.
    fn send(&mut self, id: CommandId, order: Order, delayed: bool) -> Result<(), TestCaseError> {
        let command = Command::signed(&service(), id, &own(), self.epochs, order);
        self.commands.push(command.clone());
        if delayed { Ok(()) } else { self.step(Input::Commanded { command, retained: false }) }
    }

    fn step(&mut self, input: Input) -> Result<(), TestCaseError> {
        if input == Input::ConnectionLost {
            self.adopted = None;
        }
        for output in self.gate.step(input, self.now) {
            match output {
                Output::WriteLedger(id) => {
                    prop_assert_eq!(self.writing, None, "one write at a time");
                    self.writing = Some(id);
                }
                Output::Pulse { command, .. } => self.check_pulse(command)?,
                Output::Withhold(id) => prop_assert!(self.disk.contains(&id)),
                Output::Publish(message) => self.check(message)?,
                Output::Ignore(_) => {}
            }
        }
        Ok(())
    }

    fn check_pulse(&mut self, id: CommandId) -> Result<(), TestCaseError> {
        let (epoch, hello_sent_at) = self.adopted.expect("a pulse outside of any epoch");
        let lawful = self.commands.iter().any(|command| {
            let in_time = |deadline| self.now <= hello_sent_at + deadline;
            command.id == id
                && command.epoch == epoch
                && command.order.deadline().is_some_and(in_time)
        });
        prop_assert!(lawful, "of another epoch, late, or never asked for");
        prop_assert!(self.disk.contains(&id), "before its ledger entry");
        prop_assert!(!self.denied.contains(&id), "after the gate denied it");
        prop_assert!(!self.absent.contains(&id), "after a ready without it");
        let rested = self.pulsed_at.is_none_or(|at| at + GAP <= self.now);
        prop_assert!(rested, "too soon after the last pulse");
        prop_assert!(self.pulsed.insert(id), "a second pulse");
        self.pulsed_at = Some(self.now);
        Ok(())
    }

    fn check(&mut self, message: Message) -> Result<(), TestCaseError> {
        match message {
            Message::Hello(hello) => {
                self.hello = Some(hello.nonce);
                let fresh = self.hello_sent_at.insert(hello.nonce, self.now).is_none();
                prop_assert!(fresh, "a nonce twice");
            }
            Message::Ready(ready) => {
                let older = self.adopted.is_none_or(|(epoch, _)| epoch < ready.epoch);
                prop_assert!(older, "back into an old epoch");
                self.adopted = Some((ready.epoch, self.hello_sent_at[&ready.nonce]));
                let older = self.commands.iter().filter(|command| command.epoch < ready.epoch);
                let missing = |id: &CommandId| !ready.ledger.contains(id);
                for id in older.map(|command| command.id).filter(missing) {
                    prop_assert!(!self.pulsed.contains(&id), "a pulse that no ready tells");
                    self.absent.insert(id);
                }
            }
            Message::Status(status) => match status.outcome {
                Outcome::Executed => prop_assert!(self.disk.contains(&status.id)),
                Outcome::NotExecuted { .. } => {
                    prop_assert!(!self.pulsed.contains(&status.id), "a denied pulse");
                    self.denied.insert(status.id);
                }
            },
            Message::Goodbye(_) => {}
        }
        Ok(())
    }

    fn nonce(&mut self) -> Nonce {
        self.nonces += 1;
        Nonce([self.nonces; 16])
    }
}

fn service() -> SigningKey {
    SigningKey::from_seed("k1", &[7; 32])
}

fn own() -> GateId {
    GateId::parse("gate_7").unwrap()
}

fn switched_on(ledger: &[CommandId]) -> Gate {
    let keys = VerifyingKeys(vec![service().verifying_key()]);
    let firmware = String::new();
    Gate::new(Arc::new(Pinned { gate: own(), keys, keeps_gap: true, firmware }), ledger)
}
