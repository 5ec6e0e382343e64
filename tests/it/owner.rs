//! An owner, or anybody else with a session, in verbs.

use serde_json::{Value, json};

use crate::house::{Answer, Code, House, Label};

/// Somebody signed in.
pub(crate) struct Owner {
    client: reqwest::Client,
    http: String,
    pub(crate) token: String,
}

impl Owner {
    pub(crate) async fn signs_in(house: &House, phone: &str, client: &str) -> Self {
        let (login, pin) = asks_for_a_pin(house, phone, client).await;
        let path = format!("/v1/logins/{login}/verify");
        let signed_in = house.post(&path, &json!({ "pin": pin })).await.ok();
        Self::with(house, signed_in["token"].as_str().expect("a token"))
    }

    pub(crate) fn with(house: &House, token: &str) -> Self {
        let (client, http) = (house.client.clone(), house.http().to_owned());
        Self { client, http, token: token.to_owned() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.http)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.client.get(self.url(path)).bearer_auth(&self.token);
        Answer::of(request.send().await).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        let request = self.client.delete(self.url(path)).bearer_auth(&self.token);
        Answer::of(request.send().await).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.client.post(self.url(path)).bearer_auth(&self.token).json(body);
        Answer::of(request.send().await).await
    }

    /// The same under this `Idempotency-Key`.
    pub(crate) async fn post_as(&self, path: &str, body: &Value, key: &str) -> Answer {
        let request = self.client.post(self.url(path)).bearer_auth(&self.token).json(body);
        Answer::of(request.header("idempotency-key", key).send().await).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        let request = self.client.put(self.url(path)).bearer_auth(&self.token).json(body);
        Answer::of(request.send().await).await
    }

    /// Opens a stream of events.
    pub(crate) async fn stream(&self, path: &str) -> reqwest::Response {
        let request = self.client.get(self.url(path)).bearer_auth(&self.token);
        request.send().await.expect("a stream")
    }

    pub(crate) async fn claims(&self, label: &Label) -> Value {
        self.post("/v1/devices/claim", &json!({ "claim_code": label.claim_code })).await.ok()
    }

    /// Reads the version of an intercom's settings.
    pub(crate) async fn settings_version(&self, intercom: &Label) -> String {
        let read = self.get(&settings_path(intercom)).await;
        read.headers["etag"].to_str().expect("a tag").to_owned()
    }

    /// Saves settings over the version that was read.
    pub(crate) async fn tries_to_save(
        &self,
        intercom: &Label,
        settings: &Value,
        version: &str,
    ) -> Answer {
        let request = self.client.put(self.url(&settings_path(intercom)));
        let request = request.bearer_auth(&self.token).header("if-match", version);
        Answer::of(request.json(settings).send().await).await
    }

    /// Saves settings over whatever there is.
    pub(crate) async fn saves(&self, intercom: &Label, settings: &Value) -> Value {
        let version = self.settings_version(intercom).await;
        self.tries_to_save(intercom, settings, &version).await.ok()
    }

    /// Asks for a code with a key of its own.
    pub(crate) async fn asks_for_a_code(&self, device: &Label, key: &str, wish: &Value) -> Answer {
        self.tries_to_issue(device, key, wish).await.expect("an answer")
    }

    /// The same, unless the house dies over it.
    pub(crate) async fn tries_to_issue(
        &self,
        device: &Label,
        key: &str,
        wish: &Value,
    ) -> Option<Answer> {
        let url = self.url(&format!("/v1/intercoms/{}/codes", device.id));
        let request = self.client.post(url).bearer_auth(&self.token);
        Answer::if_any(request.header("idempotency-key", key).json(wish).send().await).await
    }

    /// Reads something, unless the house dies over it.
    pub(crate) async fn tries_to_get(&self, path: &str) -> Option<Answer> {
        let request = self.client.get(self.url(path)).bearer_auth(&self.token);
        Answer::if_any(request.send().await).await
    }

    /// Presses "open" at a gate, unless the house dies over it.
    pub(crate) async fn tries_to_open(&self, gate: &str, key: &str) -> Option<Answer> {
        let url = self.url(&format!("/v1/devices/{gate}/open"));
        let request = self.client.post(url).bearer_auth(&self.token);
        Answer::if_any(request.header("idempotency-key", key).send().await).await
    }

    /// Lets the guest of a code through with one tap, unless the house dies over it.
    pub(crate) async fn tries_to_let_through(
        &self,
        code: &Code,
        leg: &str,
        key: &str,
    ) -> Option<Answer> {
        let url = self.url(&format!("/v1/codes/{}/openings", code.id));
        let request = self.client.post(url).bearer_auth(&self.token).json(&json!({ "leg": leg }));
        Answer::if_any(request.header("idempotency-key", key).send().await).await
    }

    /// Revokes a code, unless the house dies over it.
    pub(crate) async fn tries_to_revoke(&self, code: &Code) -> Option<Answer> {
        let url = self.url(&format!("/v1/codes/{}", code.id));
        let request = self.client.delete(url).bearer_auth(&self.token);
        Answer::if_any(request.send().await).await
    }

    /// Issues a code for a guest whose mobile nobody else has.
    pub(crate) async fn issues(&self, intercom: &Label, name: &str) -> Code {
        let body = self.asks_for_a_code(intercom, &key(), &wish(name)).await.ok();
        code(body)
    }

    pub(crate) async fn revokes(&self, code: &Code) -> Answer {
        self.delete(&format!("/v1/codes/{}", code.id)).await
    }

    /// Lets the guest of a code in (`entry`) or out (`exit`) with one tap.
    pub(crate) async fn lets_through(&self, code: &Code, leg: &str) -> Answer {
        self.taps(code, &json!({ "leg": leg }), &key()).await
    }

    /// The same with this body and this key.
    pub(crate) async fn taps(&self, code: &Code, body: &Value, key: &str) -> Answer {
        let url = self.url(&format!("/v1/codes/{}/openings", code.id));
        let request = self.client.post(url).bearer_auth(&self.token).json(body);
        Answer::of(request.header("idempotency-key", key).send().await).await
    }

    /// The active codes of an intercom.
    pub(crate) async fn codes(&self, intercom: &Label) -> Vec<Value> {
        self.items(&format!("/v1/intercoms/{}/codes", intercom.id)).await
    }

    /// The codes of an intercom that have ended.
    pub(crate) async fn history(&self, intercom: &Label) -> Vec<Value> {
        self.items(&format!("/v1/intercoms/{}/history", intercom.id)).await
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        let listed = self.get(path).await.ok();
        listed["items"].as_array().expect("items").clone()
    }

    /// Shares a device with somebody.
    pub(crate) async fn shares(&self, device: &Label, phone: &str, granted: bool) -> Value {
        let share = json!({ "phone": phone, "one_time_access": granted });
        self.put(&format!("/v1/devices/{}/people", device.id), &share).await.ok()
    }
}

/// Begins a login and reads the pin where the console courier prints it.
pub(crate) async fn asks_for_a_pin(house: &House, phone: &str, client: &str) -> (String, String) {
    let from = house.lines();
    let sent = house.post("/v1/logins", &json!({ "phone": phone, "client": client })).await.ok();
    let login = sent["login_id"].as_str().expect("a login id").to_owned();
    (login, pin_printed_after(house, from, phone).await)
}

/// The pin for a number that was printed after a line.
pub(crate) async fn pin_printed_after(house: &House, from: usize, phone: &str) -> String {
    let last_four = &phone[phone.len() - 4..];
    let pin = |line: &str| {
        let (to, pin) = line.strip_prefix("login pin for ")?.rsplit_once(": ")?;
        to.split(' ').next()?.ends_with(last_four).then(|| pin.to_owned())
    };
    house.printed_after(from, pin).await
}

/// A code out of its answer.
pub(crate) fn code(body: Value) -> Code {
    let text = |name: &str| body[name].as_str().expect(name).to_owned();
    Code {
        id: text("id"),
        digits: text("digits"),
        link: text("link"),
        reference: text("reference"),
        body,
    }
}

/// A name and a mobile that nobody else has.
pub(crate) fn wish(name: &str) -> Value {
    json!({ "name": name, "mobile": format!("+2782555{:04}", next() % 10_000) })
}

/// An idempotency key that was never used.
pub(crate) fn key() -> String {
    format!("key-{}", next())
}

/// The key of a press of a button that was never pressed: 16 bytes in base64url.
pub(crate) fn press() -> String {
    data_encoding::BASE64URL_NOPAD.encode(&u128::from(next()).to_be_bytes())
}

fn next() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn settings_path(intercom: &Label) -> String {
    format!("/v1/intercoms/{}/settings", intercom.id)
}
