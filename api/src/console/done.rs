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
            "plan" => Some(Words::of("done-plan")),
            "replaced" => Some(Words::of("done-replaced")),
            "given" => Some(Words::of("done-given")),
            "given_gate_suspended" => Some(Words::of("done-given-gate-suspended")),
            "given_suspended" => Some(Words::of("done-given-suspended")),
            "hook_revived" => Some(Words::of("done-hook-revived")),
            "hook_ended" => Some(Words::of("done-hook-ended")),
            "taken_off" => Some(Words::of("done-taken-off")),
            "taken_off_suspended" => Some(Words::of("done-taken-off-suspended")),
            "key_revoked" => Some(Words::of("done-key-revoked")),
            "invited" => Some(Words::of("done-invited")),
            "removed" => Some(Words::of("done-removed")),
            "claimed" => Some(Words::of("done-claimed")),
            _ => None,
        }
    }
}
