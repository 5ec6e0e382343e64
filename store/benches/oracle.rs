//! Whether time tells what an answer does not: dudect (Reparaz, Balasch, Verbauwhede, 2017), that is
//! Welch's t-test between two classes of input, drawn by chance and measured in turns, also with the
//! slowest samples cropped. `|t|` from 4.5 on counts as a leak, and ends this with an error.
//!
//! `SAMPLES=20000 cargo bench -p store --bench oracle` takes so many of each question of the store.
//! With `--profile dev` it is built sooner and tells the same. On a fresh database of Postgres with
//! `DATABASE=postgres://…`.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::login::Client;
use domain::secret::{LoginToken, Otp, Passcode, SessionToken};
use domain::spending::{Budgets, Rules};
use domain::{Dice, PhoneNumber, Timestamp, roll_below};
use store::{Keys, Sending, Store};

/// From here on two classes differ: dudect's own threshold.
const LEAK: f64 = 4.5;

/// Comparisons that make one sample: one alone is shorter than the clock's step.
const TOGETHER: usize = 200;

/// Dice that fall the same way each time (splitmix64).
struct Seeded(AtomicU64);

impl Dice for Seeded {
    fn roll(&self, into: &mut [u8]) {
        for byte in into {
            let mut mixed = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = (mixed ^ (mixed >> 31)).to_be_bytes()[7];
        }
    }
}

/// How many numbers there are for one question.
const AREA: usize = 40_000;

/// The n-th number; no more of one prefix than it may be sent pins within an hour.
fn number(n: usize) -> PhoneNumber {
    const NETWORKS: [u32; 10] = [71, 72, 73, 74, 76, 78, 79, 82, 83, 84];
    let (prefix, last) = (n / 9, n % 9);
    let text = format!("+27{}{:03}{last:04}", NETWORKS[prefix / 1000], prefix % 1000);
    PhoneNumber::parse(&text, None).expect("a number")
}

/// A house of one: its storage, and the dice that draw the classes.
struct House {
    store: Store,
    dice: Arc<Seeded>,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let samples = std::env::var("SAMPLES").map_or(10_000, |text| text.parse().expect("a number"));
    let house = House::opens().await;
    let mut leaks = 0;
    for (question, measured) in [
        ("digits of a pass: first or last one wrong", house.digits(100_000)),
        ("pin of an app: first or last digit wrong", house.pins(100_000)),
        ("asking for a pin: number known or not", house.asking(samples).await),
        ("a wrong pin: number known or not", house.wrong_pins(samples).await),
    ] {
        let t = worst(&measured);
        let count = measured.len();
        println!("{question}: |t| = {t:.2} of {count} samples");
        leaks += u32::from(LEAK <= t);
    }
    if leaks == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Of which class (0 or 1) a sample was, and how long it took.
type Sample = (usize, f64);

impl House {
    async fn opens() -> Self {
        // Memory, where there is some: a disk's noise would hide what is looked for.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.expect("a folder");
        let in_memory = || format!("sqlite:{}", folder.path().join("fluss.db").display());
        let url = std::env::var("DATABASE").unwrap_or_else(|_| in_memory());
        let dice = Arc::new(Seeded(AtomicU64::new(1)));
        let keys = Keys { seal: [1; 32], pepper: [2; 32] };
        let store = Store::open(&url, &keys, dice.clone()).await.expect("opens");
        Self { store, dice, now: Timestamp::from_millis(1_780_000_000_000), _folder: folder }
    }

    fn class(&self) -> usize {
        usize::try_from(roll_below(&*self.dice, 2)).expect("0 or 1")
    }

    fn digits(&self, samples: usize) -> Vec<Sample> {
        let parse = |text| Passcode::parse(text).expect("four digits");
        let (right, typed) = (parse("0427"), [parse("9427"), parse("0429")]);
        self.compares(samples, &typed, |typed| black_box(&right).matches(typed))
    }

    fn pins(&self, samples: usize) -> Vec<Sample> {
        let (right, typed) = (Otp::of(424_242), [Otp::of(924_242), Otp::of(424_249)]);
        self.compares(samples, &typed, |typed| black_box(&right).matches(typed))
    }

    fn compares<T: Clone>(
        &self,
        samples: usize,
        typed: &[T; 2],
        compare: impl Fn(&T) -> bool,
    ) -> Vec<Sample> {
        let measure = |class: usize| {
            // Both from the same place: how memory lies would tell them apart, too.
            let typed = typed[class].clone();
            let began = Instant::now();
            for _ in 0..TOGETHER {
                black_box(compare(black_box(&typed)));
            }
            (class, began.elapsed().as_secs_f64())
        };
        (0..samples).map(|_| measure(self.class())).collect()
    }

    /// Numbers of both classes: each was never heard of, or has an account since two days ago.
    async fn numbers(&self, area: usize, count: usize) -> Vec<(usize, PhoneNumber)> {
        let before = self.now - Duration::from_hours(48);
        let mut numbers = Vec::new();
        for n in 0..count {
            let (class, phone) = (self.class(), number(area * AREA + n));
            if class == 1 {
                let (token, otp) = (LoginToken::random(&*self.dice), Otp::random(&*self.dice));
                self.asks(&phone, &token, &otp, before).await;
                self.signs_in(token, otp, before).await;
            }
            numbers.push((class, phone));
        }
        // What the hourly sweep forgets is no longer there to tell them apart.
        self.store.sweep(self.now).await.expect("sweeps");
        numbers
    }

    async fn asks(&self, phone: &PhoneNumber, token: &LoginToken, otp: &Otp, now: Timestamp) {
        let (otp, token) = (otp.clone(), token.clone());
        // Budgets are not what is asked about here.
        let budgets = Budgets {
            per_address_a_day: u32::MAX,
            per_country_a_day: u32::MAX,
            money_an_hour: u64::MAX,
            ..Budgets::default()
        };
        let rules = Arc::new(Rules { budgets, ..Rules::default() });
        let sending = Sending { rules, ..Sending::default() };
        let logins = self.store.logins();
        let begun = logins.begin(phone.clone(), Client::App, otp, token, sending, now).await;
        begun.expect("no fault").expect("may be sent");
    }

    async fn asking(&self, samples: usize) -> Vec<Sample> {
        let mut measured = Vec::new();
        for (class, phone) in self.numbers(0, samples).await {
            let (token, otp) = (LoginToken::random(&*self.dice), Otp::random(&*self.dice));
            let began = Instant::now();
            self.asks(&phone, &token, &otp, self.now).await;
            measured.push((class, began.elapsed().as_secs_f64()));
            self.signs_in(token, otp, self.now).await;
        }
        measured
    }

    /// Types the right pin: a country whose pins are not used would be held back.
    async fn signs_in(&self, token: LoginToken, otp: Otp, now: Timestamp) {
        let session = SessionToken::random(&*self.dice);
        let verified = self.store.logins().verify(token, otp, session, now).await;
        verified.expect("no fault").expect("the right pin");
    }

    async fn wrong_pins(&self, samples: usize) -> Vec<Sample> {
        let mut measured = Vec::new();
        for (class, phone) in self.numbers(1, samples).await {
            let token = LoginToken::random(&*self.dice);
            self.asks(&phone, &token, &Otp::of(424_242), self.now).await;
            let (wrong, session) = (Otp::of(242_424), SessionToken::random(&*self.dice));
            let began = Instant::now();
            let verified =
                self.store.logins().verify(token.clone(), wrong, session, self.now).await;
            measured.push((class, began.elapsed().as_secs_f64()));
            verified.expect("no fault").expect_err("a wrong pin");
            self.signs_in(token, Otp::of(424_242), self.now).await;
        }
        measured
    }
}

/// The largest |t|, with all samples and with the slowest cropped at several places.
fn worst(measured: &[Sample]) -> f64 {
    let mut times: Vec<f64> = measured.iter().map(|(_, took)| *took).collect();
    times.sort_by(f64::total_cmp);
    let crops = [50, 60, 70, 80, 90, 95, 99, 100];
    let ts = crops.map(|percent| {
        let most = times[(times.len() * percent / 100).saturating_sub(1)];
        let of = |class| {
            let of_class = measured.iter().filter(move |(of, took)| *of == class && *took <= most);
            of_class.map(|(_, took)| *took).collect::<Vec<_>>()
        };
        welch(&of(0), &of(1)).abs()
    });
    ts.into_iter().fold(0.0, f64::max)
}

fn welch(one: &[f64], other: &[f64]) -> f64 {
    let [(mean, spread), (other_mean, other_spread)] = [one, other].map(mean_and_spread);
    (mean - other_mean) / (spread + other_spread).sqrt()
}

/// The mean, and the variance of that mean.
#[expect(clippy::cast_precision_loss, reason = "counts of samples are small")]
fn mean_and_spread(times: &[f64]) -> (f64, f64) {
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let squares: f64 = times.iter().map(|took| (took - mean).powi(2)).sum();
    (mean, squares / (count - 1.0) / count)
}
