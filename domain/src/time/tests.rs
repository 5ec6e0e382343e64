use super::*;

#[test]
fn a_span_until_something_past_is_none() {
    let noon = moment(43_200_000);
    let later = noon + Duration::from_millis(1500);
    assert_eq!(noon.until(later), Duration::from_millis(1500));
    assert_eq!(later.until(noon), Duration::ZERO);
}

#[test]
fn time_passes_without_a_clock_that_stands_still() {
    let time = Ratchet::at(moment(1_000_000));
    assert_eq!(read(&time, 1_000_000, 0), moment(1_000_000));
    assert_eq!(read(&time, 1_000_000, 250), moment(1_000_250));
}

#[test]
fn a_clock_that_steps_back_is_not_followed() {
    let time = Ratchet::at(moment(1_000_000));
    assert_eq!(read(&time, 1_000_500, 500), moment(1_000_500));
    assert_eq!(read(&time, 3_000, 600), moment(1_000_600));
    assert_eq!(read(&time, -5_000_000, 700), moment(1_000_700));
}

#[test]
fn a_clock_that_steps_ahead_is_followed_and_not_back_again() {
    let time = Ratchet::at(moment(1_000_000));
    assert_eq!(read(&time, 9_000_100, 100), moment(9_000_100));
    assert_eq!(read(&time, 1_000_200, 200), moment(9_000_200));
    assert_eq!(read(&time, 9_000_300, 300), moment(9_000_300));
}

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn how_far_the_clock_was_set_is_told_in_both_directions() {
    let time = Ratchet::at(moment(1_000_000));
    let step = |wall, seconds| time.read(moment(wall), Duration::from_secs(seconds)).1;
    assert_eq!(step(1_005_000, 5), 0);
    assert_eq!(step(1_066_000, 6), 60_000);
    assert_eq!(step(1_007_000, 7), -60_000);
}

fn read(time: &Ratchet, wall: i64, elapsed: u64) -> Timestamp {
    time.read(moment(wall), Duration::from_millis(elapsed)).0
}
