//! What a page is made of; `templates/guest/pass.html` says what it looks like.

use askama::Template;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use domain::secret::LinkToken;
use domain::{Leg, Timestamp};
use store::GuestPass;

use super::link::path_of;
use super::sight::{self, Sight};
use super::{style, words};
use crate::Api;
use crate::answers::Problem;
use crate::marks::Mark;
use crate::pages::{self, AGAIN, Moment, Screen, Words, filters};

/// One page; all look alike.
#[derive(Default, Template)]
#[template(path = "guest/pass.html")]
pub(super) struct Page {
    pub(super) said: Words,
    /// Whether that is what the guest came for.
    pub(super) is_good: bool,
    pub(super) greeting: Option<Greeting>,
    /// What became of the last try, while another can be made.
    pub(super) last_try: Option<Words>,
    /// Whether the three steps are listed; then the gate is there.
    pub(super) steps: bool,
    /// Whether a board can be scanned here.
    pub(super) scan: bool,
    pub(super) form: Option<Form>,
    pub(super) call: Option<Call>,
    pub(super) live: Option<Live>,
    pub(super) refresh: Option<Refresh>,
    /// Where the guest's pass is, from a page that is not it.
    pub(super) pass: Option<String>,
}

/// Whose pass it is, where, and until when.
pub(super) struct Greeting {
    guest: String,
    place: String,
    until: Moment,
}

/// The four digits, and what makes the press of the button this one and no other.
#[derive(Clone)]
pub(super) struct Form {
    leg: Leg,
    key: String,
    /// The pass that the digits are for, where the browser has its link.
    pass: Option<String>,
    ticket: Option<String>,
    /// Asked for beside the digits where the browser has no link; as typed before.
    reference: Option<String>,
}

/// The way to the host, for whoever cannot go on alone.
pub(super) enum Call {
    /// Their number, as an address that phones dial.
    Number(String),
    /// The page that shows the number, for a browser that is not known yet.
    Ask(String),
}

/// How the page hears of changes.
pub(super) struct Live {
    pass: String,
    mark: Mark,
}

/// When the page is loaded again, and from where unless from where it is.
pub(super) struct Refresh {
    pub(super) seconds: u8,
    pub(super) from: Option<String>,
}

/// A problem, with the page that tells it to a guest.
pub(super) struct Trouble {
    pub(super) problem: Problem,
    page: Box<Page>,
}

impl Page {
    /// A page that only says something.
    pub(super) fn saying(said: Words) -> Self {
        Self { said, ..Self::default() }
    }

    /// Stands in the page itself: the first answer is all that a slow line must carry.
    fn style() -> &'static str {
        style::SHEET
    }

    /// The same, loaded once more from where it is.
    pub(super) fn again_after(self, seconds: u8) -> Self {
        Self { refresh: Some(Refresh { seconds, from: None }), ..self }
    }
}

impl Call {
    /// The way to the host where the guest needs it, if the host allows it.
    pub(super) fn where_needed(
        seen: &GuestPass,
        link: &LinkToken,
        is_known: bool,
        now: Timestamp,
    ) -> Option<Self> {
        let needs = Sight::of(seen, now).needs_the_host();
        needs.then(|| Self::to_host(seen, link, is_known, now)).flatten()
    }

    /// The way to the host, if the host allows it.
    pub(super) fn to_host(
        seen: &GuestPass,
        link: &LinkToken,
        is_known: bool,
        now: Timestamp,
    ) -> Option<Self> {
        let host = seen.host.as_ref().filter(|_| seen.pass.code.may_ask_for_help(now))?;
        Some(if is_known {
            Self::Number(format!("tel:{}", host.reveal()))
        } else {
            Self::Ask(path_of(link))
        })
    }
}

impl Live {
    /// How to hear of changes of a pass, as long as there can be any.
    pub(super) fn of(seen: &GuestPass, now: Timestamp) -> Option<Self> {
        let (pass, mark) = (seen.pass.code.id.to_string(), sight::mark(seen, now));
        (!Sight::of(seen, now).is_last()).then_some(Self { pass, mark })
    }
}

impl Greeting {
    pub(super) fn of(seen: &GuestPass) -> Self {
        Self {
            guest: seen.pass.guest.name.as_str().to_owned(),
            place: seen.intercom_name.clone(),
            until: Moment::new(seen.pass.code.expires_at, &seen.time_zone),
        }
    }
}

impl Form {
    /// Asks for the digits that open for this leg, with a fresh key.
    pub(super) fn new(api: &Api, leg: Leg, pass: Option<String>) -> Self {
        let key = BASE64URL_NOPAD.encode(&domain::roll::<16>(&*api.dice));
        Self { leg, key, pass, ticket: None, reference: None }
    }

    /// Asks for the way in, at the board that was scanned.
    pub(super) fn at_board(
        api: &Api,
        pass: Option<String>,
        ticket: String,
        reference: Option<String>,
    ) -> Self {
        Self { ticket: Some(ticket), reference, ..Self::new(api, Leg::Entry, pass) }
    }

    fn action(&self) -> &'static str {
        match self.leg {
            Leg::Entry => "/enter",
            Leg::Exit => "/exit",
        }
    }

    fn is_way_out(&self) -> bool {
        self.leg == Leg::Exit
    }

    /// The same, asking for the reference too.
    pub(super) fn with_reference(self) -> Self {
        Self { reference: Some(String::new()), pass: None, ..self }
    }
}

impl Trouble {
    pub(super) fn new(problem: impl Into<Problem>, page: Page) -> Self {
        Self { problem: problem.into(), page: Box::new(page) }
    }
}

impl<E: Into<Problem>> From<E> for Trouble {
    fn from(error: E) -> Self {
        let problem = error.into();
        let page = Page::saying(words::trouble(problem.code));
        Self::new(problem, page)
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        Screen(self).into_response()
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        pages::told_by(self.problem, *self.page)
    }
}
