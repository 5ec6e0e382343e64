//! The guest in the story: a browser without JavaScript, with one cookie and one page.

use anyhow::{Context, ensure};
use data_encoding::BASE64URL_NOPAD;
use domain::roll;
use reqwest::header::{ACCEPT, COOKIE, SET_COOKIE};
use reqwest::{Client, Url};
use serde_json::Value;

use super::PATIENCE;
use crate::machine::SystemDice;

pub(super) struct Guest {
    client: Client,
    link: Url,
    cookie: String,
    page: String,
}

impl Guest {
    /// Opens the link from the message.
    pub(super) async fn opens(link: &str) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let page = client.get(link).send().await?.error_for_status()?;
        let cookie = page.headers().get(SET_COOKIE).context("the link page sets a cookie")?;
        let cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
        let link = link.parse().context("the link")?;
        Ok(Self { client, link, cookie, page: page.text().await? })
    }

    /// Opens what the board's QR says.
    pub(super) async fn scans(&mut self, board: &str) -> anyhow::Result<()> {
        self.visits(board.parse()?).await
    }

    /// Opens the link once more.
    pub(super) async fn reloads(&mut self) -> anyhow::Result<()> {
        self.visits(self.link.clone()).await
    }

    /// Presses Enter, which must be taken; answers the attempt.
    pub(super) async fn enters(&self, digits: &str) -> anyhow::Result<String> {
        self.is_taken("/enter", digits).await
    }

    /// Presses Leave, which must be taken; answers the attempt.
    pub(super) async fn leaves(&self, digits: &str) -> anyhow::Result<String> {
        self.is_taken("/exit", digits).await
    }

    /// Presses a button and answers whatever comes.
    pub(super) async fn tries(&self, path: &str, digits: &str) -> anyhow::Result<Value> {
        // A page that offers no button any more has no key; pressing it all the same needs one.
        let fresh = || BASE64URL_NOPAD.encode(&roll::<16>(&SystemDice));
        let key = self.hidden("key").map_or_else(fresh, str::to_owned);
        let mut form = vec![("code", digits), ("key", &key)];
        if path == "/enter" {
            form.push(("ticket", self.hidden("ticket").unwrap_or_default()));
        }
        let post = self.client.post(self.link.join(path)?).header(COOKIE, &self.cookie);
        Ok(post.header(ACCEPT, "application/json").form(&form).send().await?.json().await?)
    }

    async fn is_taken(&self, path: &str, digits: &str) -> anyhow::Result<String> {
        let answer = self.tries(path, digits).await?;
        let attempt = answer["attempt"]["id"].as_str().map(str::to_owned);
        attempt.with_context(|| format!("refused: {answer}"))
    }

    async fn visits(&mut self, url: Url) -> anyhow::Result<()> {
        let page = self.client.get(url).header(COOKIE, &self.cookie).send().await?;
        let status = page.status();
        self.page = page.text().await?;
        ensure!(status.is_success(), "the page was {status}");
        Ok(())
    }

    /// The value of a hidden field of the page.
    fn hidden(&self, name: &str) -> Option<&str> {
        let named = format!("name=\"{name}\"");
        let tags = self.page.split("<input").filter_map(|rest| rest.split('>').next());
        let tag = tags.into_iter().find(|tag| tag.contains(&named))?;
        tag.split("value=\"").nth(1)?.split('"').next()
    }
}
