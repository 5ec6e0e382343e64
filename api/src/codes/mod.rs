//! One-time codes of an intercom, as their senders handle them.

pub(crate) mod allow_more;
pub(crate) mod details;
pub(crate) mod history;
pub(crate) mod issue;
pub(crate) mod let_through;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod share;

use std::collections::HashSet;

use domain::UserId;
use serde::Serialize;
use store::Issued;
use utoipa::ToSchema;

use crate::answers::Problem;
use crate::{Api, wire};

/// Codes, without their digits.
#[derive(Serialize, ToSchema)]
pub(crate) struct Codes {
    items: Vec<wire::Code>,
}

/// A code with its digits, and everything to send it with.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodeWithDigits {
    #[serde(flatten)]
    code: wire::Code,
    /// Four digits, as text: `0427` keeps its zero
    digits: String,
    guest_mobile: String,
    /// The guest's link
    link: String,
    /// For browsers that lost the link: typed at the board together with the digits
    reference: String,
    share: share::Share,
}

impl CodeWithDigits {
    fn of(api: &Api, issued: &Issued, former: &HashSet<UserId>, language: share::Language) -> Self {
        let pass = &issued.pass;
        let link = link(api, issued);
        Self {
            code: wire::Code::of(pass, issued.is_suspended, api.now()).made_by_one_of(former),
            digits: pass.code.passcode.reveal(),
            guest_mobile: pass.guest.mobile.reveal().to_owned(),
            share: share::Share::of(issued, &link, language.into()),
            link,
            reference: pass.reference.reveal(),
        }
    }
}

/// Who made one of these codes and has the intercom no more (S-5).
pub(crate) async fn former_makers(
    api: &Api,
    intercom: &str,
    makers: impl Iterator<Item = UserId>,
) -> Result<HashSet<UserId>, Problem> {
    let makers = makers.collect();
    Ok(api.store.people().former(intercom.to_owned(), makers, api.now()).await?)
}

/// The guest's link.
pub(crate) fn link(api: &Api, issued: &Issued) -> String {
    format!("{}/{}", api.public_url, issued.pass.link.reveal())
}
