//! Who shows an API key, and what it is good for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::UserId;
use domain::api_key::Verb;
use domain::permission::Act;
use domain::secret::ApiKeyToken;
use store::{ApiKey, Device};

use crate::Api;
use crate::answers::{Code, Problem};
use crate::body::device;
use crate::caller::bearer;

/// Somebody with a key.
pub(crate) struct Holder(pub(super) ApiKey);

impl FromRequestParts<Api> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let unknown = || Problem::from(Code::ApiKeyUnknown);
        let shown = bearer(parts).ok_or_else(unknown)?;
        let token = ApiKeyToken::parse(shown).map_err(|_| unknown())?;
        let key = api.store.api_keys().find(&token, api.now()).await?.ok_or_else(unknown)?;
        api.limits.by_key(key.id)?;
        Ok(Self(key))
    }
}

impl Holder {
    /// For whom the key acts.
    pub(super) fn user(&self) -> UserId {
        self.0.user
    }

    /// Asks that the key is good for a verb.
    pub(super) fn must(&self, verb: Verb) -> Result<(), Problem> {
        if self.0.verbs.include(verb) { Ok(()) } else { Err(Code::ApiKeyScope.into()) }
    }

    /// Asks that it is good for a verb at a device; answers the device's id.
    pub(super) fn must_at(&self, verb: Verb, id: &str) -> Result<String, Problem> {
        self.must(verb)?;
        let id = device(id)?;
        if self.0.devices.contains(&id) { Ok(id) } else { Err(Code::NotFound.into()) }
    }

    /// The device, if who made the key may do this there now.
    pub(super) async fn device(&self, api: &Api, id: String, act: Act) -> Result<Device, Problem> {
        let device = api.store.devices().details(self.user(), id, api.now()).await??;
        device.role.may(act)?;
        Ok(device)
    }
}
