//! `GET /fluss/v1/devices/{id}/access`.

use axum::extract::State;
use domain::api_key::Verb;
use domain::permission::Act;
use serde::Serialize;
use utoipa::ToSchema;

use super::holder::Holder;
use crate::Api;
use crate::answers::Problem;
use crate::body::Path;

/// Who has access to a device, its owner first.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlussAccess {
    access: Vec<Somebody>,
}

/// Somebody who has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Somebody {
    user_id: String,
    /// `owner`, `full`, `tenant`, `always`, `repeat` or `temporary`
    access_type: &'static str,
    phone: String,
    /// Whether they may make one-time codes
    one_time_access: bool,
}

/// Lists who has access to a device, with their numbers; never guests.
#[utoipa::path(get, path = "/fluss/v1/devices/{id}/access", tag = "published verbs",
    security(("api_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = FlussAccess)))]
pub(crate) async fn access(
    State(api): State<Api>,
    holder: Holder,
    Path(id): Path<String>,
) -> Result<axum::Json<FlussAccess>, Problem> {
    let id = holder.must_at(Verb::Access, &id)?;
    holder.device(&api, id.clone(), Act::Manage).await?;
    let owner = holder.user();
    let phone = api.store.sessions().phone_of(owner).await?;
    let mut access = vec![Somebody {
        user_id: owner.to_string(),
        access_type: "owner",
        phone: phone.reveal().to_owned(),
        one_time_access: true,
    }];
    let people = api.store.people().of(owner, id, api.now()).await??;
    for person in people.into_iter().filter(store::Person::is_there) {
        access.push(Somebody {
            user_id: person.user.to_string(),
            access_type: person.share.access.as_str(),
            phone: person.phone.reveal().to_owned(),
            one_time_access: person.share.one_time_access,
        });
    }
    Ok(axum::Json(FlussAccess { access }))
}
