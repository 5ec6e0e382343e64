//! What a page is made of; `templates/guest/pass.html` says what it looks like.

use askama::Template;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use domain::Leg;
use store::GuestPass;

use super::words;
use crate::Api;
use crate::answers::Problem;
use crate::pages::{self, Moment, Screen, Words, filters};

/// One page; all look alike.
#[derive(Default, Template)]
#[template(path = "guest/pass.html")]
pub(super) struct Page {
    pub(super) said: Words,
    pub(super) greeting: Option<Greeting>,
    /// What became of the last try, while another can be made.
    pub(super) last_try: Option<Words>,
    /// Whether the three steps are listed.
    pub(super) steps: bool,
    pub(super) form: Option<Form>,
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
    action: &'static str,
    key: String,
    /// The pass that the digits are for, where the browser has its link.
    pass: Option<String>,
    ticket: Option<String>,
    /// Asked for beside the digits where the browser has no link; as typed before.
    reference: Option<String>,
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

    /// The same, loaded once more from where it is.
    pub(super) fn again_after(self, seconds: u8) -> Self {
        Self { refresh: Some(Refresh { seconds, from: None }), ..self }
    }
}

impl Greeting {
    fn hi(&self) -> Words {
        Words::of("guest-hi").with("guest", self.guest.clone())
    }

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
        let action = match leg {
            Leg::Entry => "/enter",
            Leg::Exit => "/exit",
        };
        let key = BASE64URL_NOPAD.encode(&domain::roll::<16>(&*api.dice));
        Self { action, key, pass, ticket: None, reference: None }
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
