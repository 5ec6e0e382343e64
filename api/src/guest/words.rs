//! Every sentence that a guest reads.

use domain::access_code::Refusal;
use domain::attempt::WhyNot;
use domain::{Leg, Timestamp};

use crate::answers::Code;

/// What a page says: the news, then what it means or what to do.
#[derive(Default)]
pub(super) struct Words {
    pub(super) heading: String,
    pub(super) note: String,
}

fn say(heading: &str, note: &str) -> Words {
    Words { heading: heading.to_owned(), note: note.to_owned() }
}

// Without a pass.

pub(super) fn welcome() -> Words {
    say("Fluss+ one-time access", "Open the link your host sent you.")
}

pub(super) fn trouble(code: Code) -> Words {
    if code == Code::NotFound {
        return say(
            "This link does not work",
            "Open the link in your message again. If that does not help, ask your host for a new \
             one.",
        );
    }
    say("That did not work", code.title())
}

pub(super) fn from_elsewhere() -> Words {
    say(
        "That button was not ours",
        "Nothing happened. Open the link in your message again and use the button there.",
    )
}

pub(super) fn another_pass() -> Words {
    say(
        "Open your link again",
        "This browser has opened another pass since. Nothing happened; open the link in your \
         message again.",
    )
}

// On the way in.

pub(super) fn scan_the_board() -> Words {
    say(
        "Scan the board at the gate",
        "Point your phone's camera at the QR code; the page it opens asks for your code.",
    )
}

pub(super) fn type_the_code() -> Words {
    say("Type your code", "The four digits are in the message from your host.")
}

pub(super) fn type_reference_and_code() -> Words {
    say(
        "Type your reference and your code",
        "This browser does not know your pass. Both are in the message from your host.",
    )
}

pub(super) fn wrong_intercom(place: &str) -> Words {
    Words {
        heading: format!("Your pass is for {place}"),
        note: "This board is at another gate. Scan the one at yours.".to_owned(),
    }
}

// While a gate is asked to open.

pub(super) fn opening() -> Words {
    say("Opening…", "Please wait at the gate.")
}

pub(super) fn no_answer_yet() -> Words {
    say(
        "Still waiting",
        "No answer from the gate yet. Your pass is kept; this page updates when the gate reports.",
    )
}

pub(super) fn gate_is_away(leg: Leg) -> Words {
    Words {
        heading: "Not reachable".to_owned(),
        note: format!("The gate is not reachable right now. {}", not_used(leg)),
    }
}

pub(super) fn not_opened(why: WhyNot, leg: Leg) -> String {
    let has_just_moved = why == WhyNot::TooSoon;
    let again = if has_just_moved { "Press again in a moment." } else { "You can try again." };
    let why = match why {
        WhyNot::Revoked | WhyNot::Cancelled => "your host cancelled it",
        WhyNot::NotSentInTime | WhyNot::TooLate => "the request came too late",
        WhyNot::GateWentAway | WhyNot::StaleEpoch | WhyNot::NeverArrived | WhyNot::NotInLedger => {
            "the gate had lost its connection"
        }
        WhyNot::TooSoon => "it has just moved",
        WhyNot::LedgerFailed => "the gate has a fault; tell your host if it stays",
    };
    format!("The gate did not open: {why}. {} {again}", not_used(leg))
}

// Inside, and at the end.

pub(super) fn gate_is_open() -> Words {
    Words { heading: "Gate is open. Welcome.".to_owned(), ..inside() }
}

pub(super) fn inside() -> Words {
    say("You are inside", "To leave, type your code at the gate. You need not scan the board.")
}

pub(super) fn goodbye() -> Words {
    say("Goodbye", "You are out, and your pass is used up. Thank you for your visit.")
}

pub(super) fn cancelled(inside: bool) -> Words {
    let note = if inside {
        "Your host has cancelled this pass. Ask your host to let you out."
    } else {
        "Your host has cancelled this pass. It opens no gate any more."
    };
    say("Cancelled by your host", note)
}

pub(super) fn expired(inside: bool) -> Words {
    if inside {
        say("Your time is over", "Your pass has expired. Ask your host to let you out.")
    } else {
        say("Your pass has expired", "Ask your host for a new one.")
    }
}

pub(super) fn locked() -> Words {
    say("Too many wrong codes", "This link is locked now. Ask your host for help.")
}

// After a press of the button that opened nothing.

pub(super) fn not_four_digits() -> Words {
    say("Try again", "Type the four digits of your code.")
}

pub(super) fn not_a_reference() -> Words {
    say("Try again", "Type the reference as it stands in your message: ten letters and digits.")
}

pub(super) fn refused(refusal: Refusal, leg: Leg, now: Timestamp) -> Words {
    match refusal {
        Refusal::Revoked => cancelled(leg == Leg::Exit),
        Refusal::Expired => expired(leg == Leg::Exit),
        Refusal::Used => match leg {
            Leg::Entry => say("Your way in is used", "A pass opens the gate once in and once out."),
            Leg::Exit => say("Your way out is used", "A pass opens the gate once in and once out."),
        },
        Refusal::NotEnteredYet => {
            say("You have not entered yet", "To enter, scan the board at the gate.")
        }
        Refusal::AlreadyOpening => say(
            "This pass is being used right now",
            "Wait a moment; your pass shows what the gate does.",
        ),
        Refusal::ScanRequired => say(
            "Scan the board again",
            "The scan must be less than five minutes old. Then type your code.",
        ),
        Refusal::WrongIntercom => wrong_intercom("another gate"),
        Refusal::LinkLocked | Refusal::WrongCode { tries_left: 0 } => locked(),
        Refusal::WrongCode { tries_left } => {
            let tries = if tries_left == 1 { "try" } else { "tries" };
            Words {
                heading: "Try again".to_owned(),
                note: format!("That code is not right. {tries_left} {tries} left."),
            }
        }
        Refusal::Wait { until } => Words {
            heading: "Wait a moment".to_owned(),
            note: format!("Try again in {} seconds.", now.until(until).as_millis().div_ceil(1000)),
        },
        Refusal::TooManyAttempts => {
            say("Too many tries", "Wait ten minutes and try again, or ask your host.")
        }
        Refusal::GateOffline => gate_is_away(leg),
    }
}

fn not_used(leg: Leg) -> &'static str {
    match leg {
        Leg::Entry => "Your pass is not used.",
        Leg::Exit => "Your way out is not used.",
    }
}
