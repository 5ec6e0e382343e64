//! `POST /v1/second-factor`: makes a secret for an authenticator app.

use axum::extract::State;
use axum::http::StatusCode;
use domain::secret::TotpSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Api;
use crate::answers::Problem;
use crate::caller::Caller;

/// Who the codes in the app are for.
const ISSUER: &str = "Fluss+";

/// What an authenticator app takes, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppSecret {
    /// For a QR code
    pub(crate) uri: String,
    /// For fingers: base32
    pub(crate) secret: String,
}

/// Makes a secret for an authenticator app, after a step-up. It counts from its first right code
/// on, which must come within ten minutes.
#[utoipa::path(post, path = "/v1/second-factor", tag = "sign in", security(("session" = [])),
    responses((status = 201, body = AppSecret)))]
pub(crate) async fn set_up(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, axum::Json<AppSecret>), Problem> {
    // Nobody who took a number over shall keep its owner out.
    api.store.logins().may_take_over(caller.session, api.now()).await??;
    Ok((StatusCode::CREATED, axum::Json(make(&api, &caller).await?)))
}

/// Makes a secret, for the app and the console alike.
pub(crate) async fn make(api: &Api, caller: &Caller) -> Result<AppSecret, Problem> {
    let secret = TotpSecret::random(&*api.dice);
    caller.store.second_factors().set_up(caller.user, secret.clone(), api.now()).await??;
    let phone = api.store.sessions().phone_of(caller.user).await?;
    Ok(AppSecret { uri: uri(phone.reveal(), &secret), secret: secret.reveal() })
}

/// The form that all apps read. Letters in it that are not plain are written as `%XX`.
fn uri(account: &str, secret: &TotpSecret) -> String {
    let plain = |text: &str| text.replace('+', "%2B");
    let (issuer, account, secret) = (plain(ISSUER), plain(account), secret.reveal());
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}\
         &algorithm=SHA1&digits=6&period=30"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_is_in_the_form_that_apps_read() {
        let secret = TotpSecret::parse("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        assert_eq!(
            uri("+27821234567", &secret),
            "otpauth://totp/Fluss%2B:%2B27821234567?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Fluss%2B&algorithm=SHA1&digits=6&period=30"
        );
    }
}
