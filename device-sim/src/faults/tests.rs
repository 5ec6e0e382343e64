use super::*;

fn share(text: &str) -> Share {
    text.parse().unwrap()
}

fn faults(seed: u64) -> Faults {
    Faults {
        seed,
        loss: share("5"),
        dup: share("2.5"),
        delay: Duration::from_secs(1),
        reboot: share("10"),
        skew: Skew::default(),
        sensor: Some(Sensor::Ok),
    }
}

/// All that is decided about so many messages and openings.
fn trace(faults: &Faults, length: u64) -> Vec<(Fate, Fate, Option<Moment>, Option<Sensed>)> {
    let decided = |nth| {
        let [down, up] = [Way::Down, Way::Up].map(|way| faults.of_message(way, nth));
        (down, up, faults.of_opening(nth), faults.sensed(nth))
    };
    (0..length).map(decided).collect()
}

#[test]
fn the_same_seed_tells_the_same_and_another_seed_something_else() {
    assert_eq!(trace(&faults(7), 10_000), trace(&faults(7), 10_000));
    assert_ne!(trace(&faults(7), 100), trace(&faults(8), 100));
}

/// Whoever compares two runs with one option changed wants to see that option's doing alone.
#[test]
fn one_kind_of_fault_moves_no_other() {
    let (all, mut calm) = (faults(7), faults(7));
    (calm.dup, calm.delay, calm.reboot) = (Share::default(), Duration::ZERO, Share::default());
    let lost = |faults: &Faults| -> Vec<u64> {
        (0..1_000).filter(|nth| faults.of_message(Way::Up, *nth).times == 0).collect()
    };
    assert_eq!(lost(&all), lost(&calm));
    let other_way = |nth: &u64| all.of_message(Way::Down, *nth).times == 0;
    assert_ne!(lost(&all), (0..1_000).filter(other_way).collect::<Vec<_>>());
}

#[test]
fn each_fault_falls_as_often_as_was_asked_for() {
    let told = trace(&faults(1), 100_000);
    let per_mille = |times: usize| times * 1_000 / told.len();
    let lost = told.iter().filter(|(down, ..)| down.times == 0).count();
    let doubled = told.iter().filter(|(_, up, ..)| up.times == 2).count();
    assert!((48..=52).contains(&per_mille(lost)), "{lost}");
    // Of those that were not lost.
    assert!((22..=26).contains(&per_mille(doubled)), "{doubled}");
    for moment in Moment::ALL {
        let cut = told.iter().filter(|(.., cut, _)| *cut == Some(moment)).count();
        assert!((31..=36).contains(&per_mille(cut)), "{moment:?} {cut}");
    }
    let latest = told.iter().map(|(down, ..)| down.late).max();
    assert_eq!(latest, Some(Duration::from_secs(1)));
}

#[test]
fn by_default_nothing_goes_wrong() {
    for nth in 0..1_000 {
        let calm = Faults { seed: nth, ..Faults::default() };
        for way in [Way::Down, Way::Up] {
            assert_eq!(calm.of_message(way, nth), Fate { times: 1, late: Duration::ZERO });
        }
        assert_eq!((calm.of_opening(nth), calm.sensed(nth)), (None, None));
    }
    let all = Faults { loss: share("100"), reboot: share("100"), ..Faults::default() };
    assert!((0..1_000).all(|nth| all.of_message(Way::Up, nth).times == 0));
    assert!((0..1_000).all(|nth| all.of_opening(nth).is_some()));
}

#[test]
fn what_a_sensor_sees_comes_from_the_seed_and_a_stuck_gate_never_moves() {
    let sees = |sensor| Faults { sensor: Some(sensor), ..faults(3) }.sensed(0).unwrap();
    let (ok, slow, stuck) = (sees(Sensor::Ok), sees(Sensor::Slow), sees(Sensor::Stuck));
    assert!(ok.moved && ok.after <= Duration::from_millis(1_500));
    assert!(slow.moved && Duration::from_secs(5) <= slow.after);
    assert_eq!(stuck, Sensed { moved: false, after: Duration::from_secs(10) });
}

#[test]
fn a_share_is_a_percentage_with_up_to_four_decimals() {
    for (text, ppm) in [("0", 0), ("5", 50_000), ("0.5", 5_000), ("0.0001", 1), ("100", PPM)] {
        assert_eq!(share(text), Share { ppm });
    }
    for wrong in
        ["", "x", "-1", "+5", "101", "100.0001", "5%", ".5", "5.", "0.00001", "99999999999"]
    {
        assert!(wrong.parse::<Share>().is_err(), "{wrong}");
    }
    assert_eq!(share("2.5").to_string(), "2.5 %");
}

#[test]
fn a_clock_that_runs_wrong_is_read_and_waited_for_alike() {
    let hour = Duration::from_hours(1);
    for (ppm, shown_ms) in [(0, 3_600_000), (50, 3_600_180), (-500_000, 1_800_000)] {
        let clock = Skew::new(ppm).unwrap();
        assert_eq!(clock.shows(hour).as_millis(), shown_ms, "{ppm}");
        for span in [Duration::ZERO, Duration::from_nanos(1), hour, Duration::from_micros(12_345)] {
            let waited = clock.after(span);
            assert!(span <= clock.shows(waited), "{ppm} {span:?}: waited too little");
            let too_long = clock.shows(waited).saturating_sub(span);
            assert!(too_long < Duration::from_micros(1), "{ppm} {span:?}");
        }
    }
    assert_eq!(Skew::new(500_001), None);
    assert_eq!(Skew::new(-500_001), None);
}

#[test]
fn what_comes_later_keeps_its_order() {
    let now = Instant::now();
    let second = Duration::from_secs(1);
    let mut later = Later::default();
    later.put("late", now + second);
    later.put("behind it", now);
    assert_eq!(later.due(), Some(now + second));
    assert_eq!(later.take(now), None);
    assert_eq!(later.take(now + second), Some("late"));
    assert_eq!(later.take_all().collect::<Vec<_>>(), ["behind it"]);
}
