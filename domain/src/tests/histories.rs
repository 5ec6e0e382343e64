//! Histories nobody thought of: whatever happens in whatever order, the promise holds.

use proptest::prelude::*;

use super::*;

/// What may happen to a code between its issue and its end.
#[derive(Clone, Debug)]
enum Happening {
    Redeem { leg: Leg, right: bool, online: bool },
    Vouch { leg: Leg, online: bool },
    Claim,
    GateActs { reports: bool },
    GateReports,
    GateComesBack,
    Revoke,
    Wait { seconds: u64 },
}

fn happening() -> impl Strategy<Value = Happening> {
    let leg = prop_oneof![Just(Leg::Entry), Just(Leg::Exit)];
    prop_oneof![
        4 => (leg.clone(), prop::bool::weighted(0.8), prop::bool::weighted(0.9))
            .prop_map(|(leg, right, online)| Happening::Redeem { leg, right, online }),
        2 => (leg, prop::bool::weighted(0.9))
            .prop_map(|(leg, online)| Happening::Vouch { leg, online }),
        4 => Just(Happening::Claim),
        4 => any::<bool>().prop_map(|reports| Happening::GateActs { reports }),
        2 => Just(Happening::GateReports),
        2 => Just(Happening::GateComesBack),
        1 => Just(Happening::Revoke),
        2 => (0..12_u64).prop_map(|seconds| Happening::Wait { seconds }),
        1 => (1..8_u64).prop_map(|hours| Happening::Wait { seconds: 3600 * hours }),
    ]
}

proptest! {
    /// INV1, INV1b, INV2, INV6, INV7 over random histories of one code and one gate.
    #[test]
    fn no_history_opens_twice_late_or_for_nothing(
        history in prop::collection::vec(happening(), 1..60),
        grace in prop::sample::select(&ExitGrace::OFFERED_MINUTES[..]),
    ) {
        let (mut code, mut now, mut epoch) = (code(), NOON, 1);
        code.exit_grace = ExitGrace::from_minutes(grace.into()).unwrap();
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut ledger: Vec<(AttemptId, Leg, Timestamp)> = Vec::new();
        for (n, step) in (0_u8..).zip(history) {
            match step {
                Happening::Redeem { leg, right, online } => {
                    let typed = Passcode::parse(if right { "0427" } else { "9876" }).unwrap();
                    let target = online.then(|| ready_gate(epoch, now));
                    if let Ok(made) = code.redeem(&ask(leg, &typed), target, attempt_id(n), now) {
                        prop_assert!(right && online);
                        attempts.push(made);
                    }
                }
                Happening::Vouch { leg, online } => {
                    let target = online.then(|| ready_gate(epoch, now));
                    attempts.extend(code.vouch(leg, 0, target, attempt_id(n), now));
                }
                Happening::Claim => for attempt in &mut attempts {
                    if attempt.state == State::Pending {
                        let ready = ready_gate(epoch, now).gate.ready(now);
                        let revoked = matches!(code.end, Some(End::Revoked { .. }));
                        if attempt.claim(revoked, ready, now).is_err() {
                            code.not_opened(attempt.leg().unwrap(), attempt.id, now);
                        }
                    }
                },
                Happening::GateActs { reports } => for attempt in &mut attempts {
                    let known = ledger.iter().any(|(id, ..)| *id == attempt.id);
                    let in_time = now <= attempt.deadline && attempt.epoch == epoch;
                    if attempt.is_on_the_wire() && in_time && !known {
                        ledger.push((attempt.id, attempt.leg().unwrap(), now));
                        if reports && attempt.settle(Evidence::Executed, 1, now) == Settlement::News {
                            code.opened(attempt.leg().unwrap(), attempt.id, now);
                        }
                    }
                },
                Happening::GateReports => for attempt in &mut attempts {
                    let known = ledger.iter().any(|(id, ..)| *id == attempt.id);
                    if known && attempt.settle(Evidence::Executed, 1, now) == Settlement::News {
                        code.opened(attempt.leg().unwrap(), attempt.id, now);
                    }
                },
                Happening::GateComesBack => {
                    epoch += 1;
                    for attempt in attempts.iter_mut().filter(|a| a.is_on_the_wire()) {
                        let known = ledger.iter().any(|(id, ..)| *id == attempt.id);
                        let evidence = attempt.evidence_in_ledger(epoch, known).unwrap();
                        prop_assert_eq!(attempt.settle(evidence, 1, now), Settlement::News);
                        if evidence == Evidence::Executed {
                            code.opened(attempt.leg().unwrap(), attempt.id, now);
                        } else {
                            code.not_opened(attempt.leg().unwrap(), attempt.id, now);
                        }
                    }
                }
                Happening::Revoke => {
                    let reserved = code.reserved_attempt();
                    let open = attempts.iter().position(|a| Some(a.id) == reserved);
                    let was = code.revoke(open.map(|at| &attempts[at]), now);
                    if let Ok(Revocation::Withdrawn(_)) = was {
                        attempts[open.unwrap()].withdraw(now);
                        code.not_opened(attempts[open.unwrap()].leg().unwrap(), attempts[open.unwrap()].id, now);
                    }
                }
                Happening::Wait { seconds } => now = now + Duration::from_secs(seconds),
            }
            for leg in [Leg::Entry, Leg::Exit] {
                let pulses = ledger.iter().filter(|(_, of, _)| *of == leg).count();
                prop_assert!(pulses <= 1, "INV1: {pulses} pulses for {leg:?}");
                if *code.leg(leg) == LegState::Free {
                    prop_assert_eq!(pulses, 0, "INV1b: a free leg has been pulsed");
                }
                if let LegState::Used { attempt, .. } = *code.leg(leg) {
                    let evidence = ledger.iter().any(|(id, ..)| *id == attempt);
                    prop_assert!(evidence, "INV6: used without a pulse");
                }
            }
            if let Some(End::Revoked { effective_at, .. }) = code.end {
                let let_out = |id| attempts.iter().any(|a| a.id == id && !a.ends_with_the_code());
                let late =
                    ledger.iter().any(|(id, _, at)| effective_at < *at && !let_out(*id));
                prop_assert!(!late, "INV2: a pulse after effective_at");
            }
            for attempt in &attempts {
                let visit = attempt.visit().expect("nobody presses here");
                let until = match (visit.leg, visit.asked_by) {
                    (Leg::Entry, _) => code.expires_at,
                    (Leg::Exit, AskedBy::Guest | AskedBy::Host) => code.exit_until(),
                    (Leg::Exit, AskedBy::HostDespiteEnd) => continue,
                };
                prop_assert!(attempt.reserved_at < until, "expired: {attempt:?}");
            }
            if matches!(code.exit, LegState::Used { .. }) {
                let entered = matches!(code.entry, LegState::Used { .. });
                prop_assert!(entered, "INV7: out without in");
            }
        }
    }
}
