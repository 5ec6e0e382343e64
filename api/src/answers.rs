//! Every answer that is not "here you are": one table of codes with their status and title, as
//! problem documents (RFC 9457). What becomes which of them: `refusals`.

mod refusals;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Clock, Timestamp};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::wire;

/// Defines the table once.
macro_rules! answers {
    ($($name:ident $status:ident $code:literal $title:literal;)*) => {
        /// A stable code of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the title of each says it")]
        pub enum Code { $($name,)* }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HTTP status it comes with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The word that clients rely on.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means, for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

answers! {
    // the request itself
    Malformed BAD_REQUEST "malformed" "The request could not be read.";
    InvalidRequest UNPROCESSABLE_ENTITY "invalid_request" "A field is not as expected.";
    NotFound NOT_FOUND "not_found" "There is no such thing, or it is not yours to see.";
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "This address does not do that.";
    Timeout REQUEST_TIMEOUT "timeout" "The request took too long.";
    TooLarge PAYLOAD_TOO_LARGE "too_large" "The request is too large.";
    NotJson UNSUPPORTED_MEDIA_TYPE "not_json" "Send the body as application/json.";
    NotCsv UNSUPPORTED_MEDIA_TYPE "not_csv" "Send the list as text/csv, in UTF-8.";
    NotForm UNSUPPORTED_MEDIA_TYPE "not_form" "Send the body as application/x-www-form-urlencoded.";
    ForeignForm FORBIDDEN "foreign_form" "This form is not from a page of ours.";
    TooManyRequests TOO_MANY_REQUESTS "too_many_requests" "Too many requests; wait a moment.";
    KeyRequired BAD_REQUEST "idempotency_key_required" "Send an Idempotency-Key of 1 to 128 characters.";
    KeyReused UNPROCESSABLE_ENTITY "idempotency_mismatch" "This Idempotency-Key came before with another request.";
    VersionRequired PRECONDITION_REQUIRED "precondition_required" "Send If-Match with the ETag that you read.";
    Stale PRECONDITION_FAILED "precondition_failed" "Somebody saved meanwhile; read it again.";
    // signing in
    SessionMissing UNAUTHORIZED "session_missing" "Sign in first.";
    SessionDisplaced UNAUTHORIZED "session_displaced" "You were signed out by a newer sign-in with your number.";
    SessionEnded UNAUTHORIZED "session_ended" "You were signed out by the system; sign in again.";
    StepUpNeeded FORBIDDEN "step_up_needed" "Prove by a fresh pin that it is you.";
    NumberHeld FORBIDDEN "number_held" "You signed in not long ago; this can be done a day after.";
    NumberInUse CONFLICT "number_in_use" "This number has an account of its own.";
    SecondFactorNeeded FORBIDDEN "second_factor_needed" "The pin is right; now send a code of your authenticator app.";
    SecondFactorOn CONFLICT "second_factor_on" "There is a second factor; turn it off first.";
    SecondFactorOff CONFLICT "second_factor_off" "There is no second factor; set one up first.";
    OtpInvalid FORBIDDEN "otp_invalid" "The pin is not valid.";
    OtpExpired FORBIDDEN "otp_expired" "The pin has expired; request a new one.";
    NumberLocked FORBIDDEN "number_locked" "Too many wrong pins for this number; contact support.";
    OtpTooMany TOO_MANY_REQUESTS "otp_too_many" "Too many wrong pins; request a new one.";
    OtpTooSoon TOO_MANY_REQUESTS "otp_too_soon" "A pin was just sent; wait before the next one.";
    ChannelUnavailable SERVICE_UNAVAILABLE "channel_unavailable" "The pin could not be sent this way.";
    CountryBlocked FORBIDDEN "country_blocked" "Pins are not sent to this country; contact support.";
    // API keys
    ApiKeyUnknown UNAUTHORIZED "api_key_unknown" "Send an API key that is not revoked as a bearer token.";
    ApiKeyScope FORBIDDEN "api_key_scope" "This API key is not good for that.";
    // who may
    NotOwner FORBIDDEN "not_owner" "Only the owner may do this.";
    NoPermission FORBIDDEN "no_permission" "The owner has not given you permission for this.";
    NoWifi FORBIDDEN "no_wifi_access" "The owner has not allowed you to open over Wi-Fi.";
    AccessNotNow FORBIDDEN "access_not_now" "Your access does not hold at this time.";
    // people
    AlreadyShared CONFLICT "already_shared" "The device is shared with this number already; change what they may.";
    InvitationTooLong CONFLICT "invitation_too_long" "Tenants may not invite for so long.";
    TooManyInvitations CONFLICT "too_many_invitations" "You have as many guests as tenants may; end an invitation or wait for one to end.";
    TooManyPeople CONFLICT "too_many_people" "The device is shared with as many people as it can be.";
    // devices
    UserNotFound UNPROCESSABLE_ENTITY "user_not_found" "Nobody has signed in with this number yet.";
    AlreadyTheirs CONFLICT "already_theirs" "The device is on this account already.";
    AlreadyClaimed CONFLICT "already_claimed" "This device is on another account.";
    AlreadyEnrolled CONFLICT "already_enrolled" "This gate is in use; its label admits nobody any more.";
    CertificateRefused FORBIDDEN "certificate_refused" "This certificate does not admit the gate any more.";
    RenewalTooEarly CONFLICT "renewal_too_early" "This certificate is young; renew it later.";
    NotAGate CONFLICT "not_a_gate" "This device is no gate.";
    PlanMissing CONFLICT "plan_missing" "This device has no plan to give.";
    PlanTaken CONFLICT "plan_taken" "The other device has a plan of its own.";
    OtherKind CONFLICT "other_kind" "A plan goes to another device of the same kind only.";
    NotASpare CONFLICT "not_a_spare" "Only a gate that nobody has claimed or connected can replace another.";
    NotAnIntercom CONFLICT "not_an_intercom" "Only intercoms have one-time access.";
    GateNotOwned UNPROCESSABLE_ENTITY "gate_not_owned" "Choose a gate on your own account.";
    // codes
    SettingsMissing CONFLICT "settings_missing" "Save the one-time access settings first.";
    LimitReached CONFLICT "limit_reached" "All codes are in use; revoke one or wait for one to end.";
    GateMissing CONFLICT "gate_missing" "A gate of the settings is not on this account any more; choose one and save.";
    NoDigitsLeft CONFLICT "no_digits_left" "All digits were given out within a day; try again later.";
    OneContactOnly UNPROCESSABLE_ENTITY "one_contact_only" "One code is for one person; create another code.";
    TooManyApiKeys CONFLICT "too_many_api_keys" "Twenty API keys are enough; revoke one first.";
    TooManyWebhooks CONFLICT "too_many_webhooks" "Ten webhooks are enough; end one first.";
    NotActive CONFLICT "not_active" "The code has ended.";
    // at the gate
    CodeWrong FORBIDDEN "code_wrong" "The code is wrong.";
    CodeWait TOO_MANY_REQUESTS "code_wait" "Wait a moment before the next try.";
    LinkLocked FORBIDDEN "link_locked" "Too many wrong codes. Ask your host.";
    WrongIntercom CONFLICT "wrong_intercom" "Your pass is for another gate.";
    ScanRequired CONFLICT "scan_required" "Scan the board at the gate first.";
    PassExpired GONE "pass_expired" "Your pass has expired. Ask your host for a new one.";
    PassRevoked GONE "pass_revoked" "Your host has cancelled this pass.";
    PassUsed CONFLICT "pass_used" "Your pass has been used for this way already.";
    NotEnteredYet CONFLICT "not_entered_yet" "You have not entered with this pass yet.";
    AlreadyOpening CONFLICT "already_opening" "This pass is being used right now.";
    GateOffline CONFLICT "gate_offline" "The gate is not reachable right now. Nothing is used up or sent later.";
    GateNotOpened CONFLICT "gate_not_opened" "The gate did not open, and will not for this request.";
    GateNotConfirmed GATEWAY_TIMEOUT "gate_not_confirmed" "The gate was asked to open and has not answered yet.";
    PassSuspended CONFLICT "pass_suspended" "Your host must choose the gate anew. Your pass is not used.";
    // trouble on our side
    Busy SERVICE_UNAVAILABLE "busy" "Too much at once; try again in a moment.";
    Unavailable SERVICE_UNAVAILABLE "unavailable" "Not available right now; try again in a moment.";
    Internal INTERNAL_SERVER_ERROR "internal" "Something went wrong on our side.";
}

/// A problem document in the making.
#[derive(Debug)]
pub struct Problem {
    /// Which problem.
    pub code: Code,
    /// Where it is not the code's own.
    status: Option<StatusCode>,
    errors: Vec<FieldError>,
    extra: Map<String, Value>,
    retry_after: Option<Duration>,
    retry_at: Option<RetryAt>,
}

/// When trying again makes sense, beside an answer until the clock makes it `Retry-After`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryAt(Timestamp);

/// What a problem document says, beside it, for whoever tells it by a page.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) code: Code,
    /// The first field that is not as expected.
    pub(crate) field: Option<String>,
}

/// A refusal or a fault (RFC 9457); some codes add members of their own.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "it only tells the OpenAPI document what `Problem` writes")]
pub(crate) struct ProblemDocument {
    /// `urn:fluss:problem:` and the code
    r#type: String,
    /// What it means, for people
    title: String,
    status: u16,
    /// The word to rely on
    code: String,
    /// When trying again makes sense
    retry_at: Option<String>,
    /// The fields that are not as expected
    errors: Option<Vec<FieldError>>,
}

/// A field of the request that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub struct FieldError {
    /// Its name in the body.
    pub field: String,
    /// What was expected.
    pub message: String,
}

impl Problem {
    /// One field is wrong.
    pub(crate) fn field(field: &str, message: impl ToString) -> Self {
        Self::from(Code::InvalidRequest).naming(field, message)
    }

    /// The first field that is not as expected.
    pub(crate) fn first_field(&self) -> Option<&str> {
        self.errors.first().map(|error| error.field.as_str())
    }

    /// All fields that are not as expected.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().map(|error| error.field.as_str())
    }

    /// Names a field.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass errors and words as they have them"
    )]
    pub(crate) fn naming(mut self, field: &str, message: impl ToString) -> Self {
        self.errors.push(FieldError { field: field.to_owned(), message: message.to_string() });
        self
    }

    /// Adds a member to the document.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Says when trying again makes sense; [`tell_when`] turns it into `Retry-After`.
    fn retry_at(mut self, until: Timestamp) -> Self {
        self.retry_at = Some(RetryAt(until));
        self.with("retry_at", wire::rfc3339(until))
    }

    /// How long to wait until trying again makes sense, where the moment is known.
    pub(crate) fn wait(&self, now: Timestamp) -> Option<Duration> {
        self.retry_at.map(|RetryAt(until)| now.until(until))
    }

    /// The same as trouble that passes: 503, to be tried again.
    fn passing(mut self) -> Self {
        self.status = Some(StatusCode::SERVICE_UNAVAILABLE);
        self.retry_after(Duration::from_secs(5))
    }

    /// The same with a fixed wait.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        let (errors, extra) = (Vec::new(), Map::new());
        let retry_after = usual_wait(code);
        Self { code, status: None, errors, extra, retry_after, retry_at: None }
    }
}

/// Every 429 and 503 says when to try again; this is said unless something better is known.
fn usual_wait(code: Code) -> Option<Duration> {
    let asks_to_wait = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
    let seconds = if code == Code::ChannelUnavailable { 30 } else { 5 };
    asks_to_wait.contains(&code.status()).then_some(Duration::from_secs(seconds))
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status.unwrap_or(self.code.status());
        let told = Told { code: self.code, field: self.first_field().map(str::to_owned) };
        let mut document = json!({
            "type": format!("urn:fluss:problem:{}", self.code.as_str()),
            "title": self.code.title(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
        });
        if let Value::Object(members) = &mut document {
            members.extend(self.extra);
            if !self.errors.is_empty() {
                let errors = self.errors.into_iter().map(
                    |FieldError { field, message }| json!({ "field": field, "message": message }),
                );
                members.insert("errors".to_owned(), errors.collect());
            }
        }
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, whole_seconds(wait));
        }
        if let Some(retry_at) = self.retry_at {
            response.extensions_mut().insert(retry_at);
        }
        response.extensions_mut().insert(told);
        response
    }
}

fn whole_seconds(wait: Duration) -> HeaderValue {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX))
}

/// Writes the `Retry-After` of an answer that knows the moment but not the time.
pub(crate) async fn tell_when(
    State(clock): State<Arc<dyn Clock>>,
    mut response: Response,
) -> Response {
    if let Some(RetryAt(until)) = response.extensions_mut().remove() {
        let wait = whole_seconds(clock.now().until(until));
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

/// Whether an answer is a problem that no page has told.
pub(crate) fn is_untold(response: &Response) -> bool {
    response.extensions().get::<Told>().is_some()
}

/// Gives the answers of the layers around the router, which are bare, their document.
pub(crate) async fn documented(response: Response) -> Response {
    let code = match response.status() {
        StatusCode::REQUEST_TIMEOUT => Code::Timeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        _ => return response,
    };
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind.is_none_or(|kind| kind.starts_with(b"text/plain")) {
        Problem::from(code).into_response()
    } else {
        response
    }
}

/// The answer of an address that does something else.
pub(crate) async fn method_not_allowed() -> Problem {
    Code::MethodNotAllowed.into()
}

/// The answer of every address that does not exist.
pub(crate) async fn not_found() -> Problem {
    Code::NotFound.into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_answers_share_a_code() {
        let words: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }

    #[test]
    fn the_codes_of_the_product_are_all_there() {
        for word in "otp_invalid otp_expired otp_too_many channel_unavailable country_blocked \
                     session_displaced not_owner no_permission not_an_intercom settings_missing \
                     gate_not_owned limit_reached one_contact_only code_wrong link_locked \
                     wrong_intercom scan_required pass_expired pass_revoked pass_used \
                     not_entered_yet already_opening gate_offline precondition_failed \
                     idempotency_mismatch"
            .split_whitespace()
        {
            assert!(Code::ALL.iter().any(|code| code.as_str() == word), "{word}");
        }
    }
}
