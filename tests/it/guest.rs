//! A guest with a phone: a browser without JavaScript, in verbs.

use reqwest::header::{ACCEPT, COOKIE, SET_COOKIE};

use crate::house::{Answer, House, until};

/// A guest and the cookie jar of their browser.
pub(crate) struct Guest {
    client: reqwest::Client,
    http: String,
    link: String,
    cookie: Option<String>,
    page: Page,
}

/// A page as the browser got it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) html: String,
    pub(crate) location: Option<String>,
}

impl Guest {
    pub(crate) fn new(house: &House, link: &str) -> Self {
        let (client, http) = (house.client.clone(), house.http().to_owned());
        Self { client, http, link: link.to_owned(), cookie: None, page: Page::default() }
    }

    /// A second phone with the same link.
    pub(crate) fn second_phone(&self) -> Self {
        let (client, http) = (self.client.clone(), self.http.clone());
        Self { client, http, link: self.link.clone(), cookie: None, page: Page::default() }
    }

    /// The same browser with everything in it, to press a button at the same time.
    pub(crate) fn same_browser(&self) -> Self {
        Self { cookie: self.cookie.clone(), page: self.page.clone(), ..self.second_phone() }
    }

    /// Somebody else, with a link of their own.
    pub(crate) fn somebody_with(&self, link: &str) -> Self {
        Self { link: link.to_owned(), ..self.second_phone() }
    }

    /// Loses the cookie, as in-app browsers do.
    pub(crate) fn loses_the_cookie(&mut self) {
        self.cookie = None;
    }

    pub(crate) async fn opens_the_link(&mut self) -> Page {
        let link = self.link.clone();
        self.opens(&link).await
    }

    /// Scans a board with the phone's camera: opens what its QR says.
    pub(crate) async fn scans(&mut self, board: &str) -> Page {
        self.opens(board).await
    }

    async fn opens(&mut self, url: &str) -> Page {
        self.tries_to_open(url).await.expect("a page")
    }

    /// Opens the link page, unless the house dies over it.
    pub(crate) async fn tries_the_link(&mut self) -> Option<Page> {
        let link = self.link.clone();
        self.tries_to_open(&link).await
    }

    /// Opens a page, unless the house dies over it.
    pub(crate) async fn tries_to_open(&mut self, url: &str) -> Option<Page> {
        let mut request = self.client.get(url);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        self.page = self.keep(request.send().await.ok()?).await?;
        Some(self.page.clone())
    }

    /// Presses the button of the page at hand, unless the house dies over it.
    pub(crate) async fn tries_to_press(&self, path: &str, digits: &str) -> Option<Answer> {
        let press = self.press(path, digits, &[]).header(ACCEPT, "application/json");
        Answer::if_any(press.send().await).await
    }

    /// Types the digits at the board and presses Enter; answers as a program sees it.
    pub(crate) async fn enters(&self, digits: &str) -> Answer {
        Answer::of(
            self.press("/enter", digits, &[]).header(ACCEPT, "application/json").send().await,
        )
        .await
    }

    /// The same for the way out, on the link page.
    pub(crate) async fn leaves(&mut self, digits: &str) -> Answer {
        self.opens_the_link().await;
        self.presses_exit(digits).await
    }

    /// Presses the exit button of the page at hand.
    pub(crate) async fn presses_exit(&self, digits: &str) -> Answer {
        Answer::of(self.press("/exit", digits, &[]).header(ACCEPT, "application/json").send().await)
            .await
    }

    /// Presses Enter as a browser does, and follows where it leads.
    pub(crate) async fn enters_in_the_browser(&mut self, digits: &str) -> Page {
        self.submits("/enter", digits, &[]).await
    }

    /// The same with the reference from the message (G-2).
    pub(crate) async fn enters_with_reference(&mut self, digits: &str, reference: &str) -> Page {
        self.submits("/enter", digits, &[("reference", reference)]).await
    }

    /// Presses Leave as a browser does, and follows where it leads.
    pub(crate) async fn leaves_in_the_browser(&mut self, digits: &str) -> Page {
        self.opens_the_link().await;
        self.submits("/exit", digits, &[]).await
    }

    /// Reloads the link page, as it does by itself, until it says this.
    pub(crate) async fn waits_for(&mut self, words: &str) -> Page {
        let (client, link, cookie) = (self.client.clone(), self.link.clone(), self.cookie.clone());
        let page = until(async || {
            let request = client.get(&link).header(COOKIE, cookie.clone().unwrap_or_default());
            let html = request.send().await.ok()?.text().await.ok()?;
            html.contains(words).then_some(html)
        });
        match page.await {
            Some(html) => Page { status: 200, html, location: None },
            None => panic!("never said {words:?}: {}", self.opens_the_link().await.html),
        }
    }

    async fn submits(&mut self, path: &str, digits: &str, more: &[(&str, &str)]) -> Page {
        let pressed = self.press(path, digits, more).send().await.expect("a page");
        let mut page = self.keep(pressed).await.expect("a page");
        if let Some(location) = page.location.take() {
            page = self.opens(&format!("{}{location}", self.http)).await;
        }
        page
    }

    fn press(&self, path: &str, digits: &str, more: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let (ticket, key) = (self.page.hidden("ticket"), self.page.hidden("key"));
        // A page without a button has no key; pressing it all the same needs a fresh one.
        let key = key.unwrap_or_else(crate::owner::press);
        let ticket = ticket.unwrap_or_default();
        let mut form = vec![("code", digits), ("key", &key)];
        if path == "/enter" {
            form.push(("ticket", &ticket));
        }
        form.extend(more);
        let mut request = self.client.post(format!("{}{path}", self.http)).form(&form);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        request
    }

    async fn keep(&mut self, response: reqwest::Response) -> Option<Page> {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        if let Some(cookie) = header(SET_COOKIE) {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        let location = header(reqwest::header::LOCATION).map(str::to_owned);
        let status = response.status().as_u16();
        Some(Page { status, location, html: response.text().await.ok()? })
    }
}

impl Page {
    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> Option<String> {
        let input = self.html.split("<input").find(|input| {
            input.split('>').next().is_some_and(|tag| tag.contains(&format!("name=\"{name}\"")))
        })?;
        let value = input.split('>').next()?.split("value=\"").nth(1)?;
        Some(value.split('"').next()?.to_owned())
    }

    /// Asserts that it says this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        assert!(self.html.contains(words), "does not say {words:?}: {}", self.html);
    }
}
