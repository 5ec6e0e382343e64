//! The owner in the story: a client of the HTTP API like any other.

use std::time::Instant;

use anyhow::{Context, bail, ensure};
use domain::secret::Otp;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{OWNER, PATIENCE, text};

pub(super) struct Owner {
    client: Client,
    url: String,
    token: String,
}

impl Owner {
    pub(super) async fn signs_in(
        url: &str,
        phone: &str,
        delivered: &mut mpsc::UnboundedReceiver<Otp>,
    ) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let mut owner = Self { client, url: url.to_owned(), token: String::new() };
        let begin = json!({ "phone": phone, "client": "app" });
        let sent = owner.asks(Method::POST, "/v1/logins", Some(&begin)).await?;
        let pin = delivered.recv().await.context("no pin")?.reveal();
        let verify = format!("/v1/logins/{}/verify", text(&sent, "login_id")?);
        let signed_in = owner.asks(Method::POST, &verify, Some(&json!({ "pin": pin }))).await?;
        owner.token = text(&signed_in, "token")?;
        Ok(owner)
    }

    /// Begins one more login, for the person at the screen.
    pub(super) async fn asks_for_another_pin(
        &self,
        delivered: &mut mpsc::UnboundedReceiver<Otp>,
    ) -> anyhow::Result<(String, String)> {
        let begin = json!({ "phone": OWNER, "client": "dashboard" });
        let sent = self.asks(Method::POST, "/v1/logins", Some(&begin)).await?;
        let pin = delivered.recv().await.context("no pin")?.reveal();
        Ok((text(&sent, "login_id")?, pin))
    }

    /// Claims a device and answers its id.
    pub(super) async fn claims(&self, code: &str) -> anyhow::Result<String> {
        let claim = json!({ "claim_code": code });
        text(&self.asks(Method::POST, "/v1/devices/claim", Some(&claim)).await?, "id")
    }

    pub(super) async fn saves_settings(&self, intercom: &str, gate: &str) -> anyhow::Result<()> {
        let path = format!("/v1/intercoms/{intercom}/settings");
        let settings = json!({ "entry_gate": gate, "max_active_codes": 25 });
        let put = self.request(Method::PUT, &path).header("if-match", "\"0\"").json(&settings);
        answer(put).await.map(drop)
    }

    pub(super) async fn issues(
        &self,
        intercom: &str,
        name: &str,
        mobile: &str,
    ) -> anyhow::Result<Value> {
        let wish = json!({ "name": name, "mobile": mobile });
        let post = self.request(Method::POST, &format!("/v1/intercoms/{intercom}/codes"));
        answer(post.header("idempotency-key", mobile).json(&wish)).await
    }

    pub(super) async fn revokes(&self, code: &str) -> anyhow::Result<Value> {
        self.asks(Method::DELETE, &format!("/v1/codes/{code}"), None).await
    }

    /// Follows an attempt by its events until it is in this state.
    pub(super) async fn sees(&self, attempt: &str, state: &str) -> anyhow::Result<()> {
        let events = self.request(Method::GET, &format!("/v1/attempts/{attempt}/events"));
        let mut events = events.send().await?.error_for_status()?;
        let mut seen = String::new();
        while let Some(chunk) = events.chunk().await? {
            seen.push_str(&String::from_utf8_lossy(&chunk));
            if seen.contains(&format!("\"state\":\"{state}\"")) {
                return Ok(());
            }
        }
        bail!("the attempt never was {state}: {seen}")
    }

    pub(super) async fn waits_until_online(&self, gate: &str) -> anyhow::Result<()> {
        let (path, began) = (format!("/v1/devices/{gate}"), Instant::now());
        while self.asks(Method::GET, &path, None).await?["online"] != json!(true) {
            ensure!(began.elapsed() < PATIENCE, "the gate is not seen");
        }
        Ok(())
    }

    async fn asks(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let request = self.request(method, path);
        answer(body.into_iter().fold(request, RequestBuilder::json)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }
}

async fn answer(request: RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let status = answer.status();
    let body = answer.json().await.unwrap_or(Value::Null);
    ensure!(status.is_success(), "the answer was {status}: {body}");
    Ok(body)
}
