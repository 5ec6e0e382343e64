//! What was just done, said once on the page that follows: `?done=saved`.

use serde::Deserialize;

use crate::pages::Words;

/// A word in the address of a page; an unknown one says nothing.
#[derive(Default, Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    done: String,
}

impl Done {
    pub(super) fn words(&self) -> Option<Words> {
        match self.done.as_str() {
            "saved" => Some(Words::of("done-saved")),
            "changed" => Some(Words::of("done-changed")),
            "deleted" => Some(Words::of("done-deleted")),
            "number" => Some(Words::of("done-number")),
            "app_off" => Some(Words::of("done-app-off")),
            "invited" => Some(Words::of("done-invited")),
            "removed" => Some(Words::of("done-removed")),
            "claimed" => Some(Words::of("done-claimed")),
            _ => None,
        }
    }
}
