//! A real browser on a small phone, told what to do in a person's verbs: chromium, driven by chromedriver.
//!
//! What is pressed and typed into is found as people find it, by its words; what is waited for, is
//! waited for on the page. Each screen that is kept (`keeps`) is looked at by people: it is written
//! below `target/tmp/screens/`, and some of them stand in the README.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::key::Key;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::house::until;

/// How wide and high the phone is, in CSS pixels: a small one.
const PHONE: [u32; 2] = [360, 780];

/// Browsers are heavy: one at a time in the house of a story, and few stories at once.
static TURN: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

/// What kind of browser somebody has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind {
    pub(crate) without_scripts: bool,
    /// Its line is so bad that pages come and their modules do not.
    pub(crate) without_modules: bool,
    /// What it sends as `Accept-Language`.
    pub(crate) speaks: Option<&'static str>,
    /// Twice as large, as people set it who see badly.
    pub(crate) zoomed: bool,
}

/// A browser with nothing in it.
pub(crate) struct Browser {
    client: Client,
    kind: Kind,
    driver: Driver,
    _turn: tokio::sync::SemaphorePermit<'static>,
    _profile: tempfile::TempDir,
}

/// The program between us and the browser; ends both when dropped.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a browser can be had here. Where `CI` is set, one must be.
pub(crate) fn there_is_none() -> bool {
    let found = ["chromium", "chromedriver"].iter().all(|name| {
        Command::new("which").arg(name).stdout(Stdio::null()).status().is_ok_and(|it| it.success())
    });
    let insists = std::env::var_os("CI").is_some();
    assert!(found || !insists, "chromium and chromedriver must be installed where CI is set");
    if !found {
        eprintln!("not looked at: chromium and chromedriver are not installed");
    }
    !found
}

impl Browser {
    pub(crate) async fn start() -> Self {
        Self::of(Kind::default()).await
    }

    pub(crate) async fn of(kind: Kind) -> Self {
        let turn = TURN.acquire().await.expect("never closed");
        let profile = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Driver)
            .expect("chromedriver starts");
        let told = BufReader::new(driver.0.stdout.take().expect("piped"));
        let port = told.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let url = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities(kind, profile.path()))
            .connect(&url)
            .await
            .expect("a browser");
        let browser = Self { client, kind, driver, _turn: turn, _profile: profile };
        if kind.without_scripts {
            browser.tells("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
        }
        if kind.without_modules {
            browser.tells("Network.enable", json!({})).await;
            browser.tells("Network.setBlockedURLs", json!({ "urls": ["*.js"] })).await;
        }
        browser
    }

    /// Closes it, so that nothing of it stays behind.
    pub(crate) async fn closes(self) {
        let Self { client, driver, .. } = self;
        let _ = client.close().await;
        drop(driver);
    }

    /// Opens an address.
    pub(crate) async fn opens(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    pub(crate) async fn reloads(&self) {
        self.client.refresh().await.expect("a page");
    }

    pub(crate) async fn goes_back(&self) {
        self.client.back().await.expect("a page");
    }

    /// Where it is.
    pub(crate) async fn path(&self) -> String {
        self.client.current_url().await.expect("an address").path().to_owned()
    }

    /// Everything that can be read on the page.
    pub(crate) async fn reads(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until the page says so.
    pub(crate) async fn sees(&self, words: &str) {
        let seen = until(async || self.reads().await.contains(words).then_some(())).await;
        let (path, page) = (self.path().await, self.reads().await);
        assert!(seen.is_some(), "{words:?} is not on {path}: {page}");
    }

    /// Presses the button or follows the link with these words.
    pub(crate) async fn presses(&self, words: &str) {
        let found = self.button(words).await;
        if self.kind.without_scripts {
            // A click without scripts makes chromedriver wait for ever; the keyboard does not.
            found.send_keys(&Key::Enter).await.expect("it can be pressed");
        } else {
            found.click().await.expect("it can be pressed");
        }
    }

    /// Taps a button twice, as impatient thumbs do.
    pub(crate) async fn taps_twice(&self, words: &str) {
        let element = self.button(words).await;
        let to = PointerAction::MoveToElement { element, duration: None, x: 0., y: 0. };
        let mut taps = MouseActions::new("thumb".to_owned()).then(to);
        for _ in 0..2 {
            taps = taps.then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
            taps = taps.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        }
        self.client.perform_actions(taps).await.expect("taps work");
    }

    /// Where a link with these words leads.
    pub(crate) async fn leads_to(&self, words: &str) -> String {
        let href = self.button(words).await.attr("href").await.expect("it is there");
        href.unwrap_or_default()
    }

    /// What can be pressed and says so; while the page asks a question, only its answers can.
    async fn button(&self, words: &str) -> fantoccini::elements::Element {
        let quoted = quoted(words);
        let wanted = format!(
            "//*[self::button or self::a or self::summary][contains(normalize-space(.), {quoted}) \
             or contains(@aria-label, {quoted})][not(//dialog[@open]) or ancestor::dialog]"
        );
        let found = until(async || self.client.find(Locator::XPath(&wanted)).await.ok()).await;
        match found {
            Some(found) => found,
            None => panic!("nothing to press says {words:?}: {}", self.reads().await),
        }
    }

    /// Types into the field with this label, over what stood there.
    pub(crate) async fn types(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.expect("it can be cleared");
        field.send_keys(text).await.expect("it can be typed into");
    }

    /// Ticks the box with this label.
    pub(crate) async fn ticks(&self, label: &str) {
        self.field(label).await.click().await.expect("it can be ticked");
    }

    /// Hands a file to the field with this label.
    pub(crate) async fn hands(&self, label: &str, file: &Path) {
        let field = self.field(label).await;
        field.send_keys(&file.display().to_string()).await.expect("it takes a file");
    }

    /// Chooses from the list with this label.
    pub(crate) async fn chooses(&self, label: &str, option: &str) {
        self.field(label).await.select_by_label(option).await.expect("it is on offer");
    }

    /// What stands in the field with this label.
    pub(crate) async fn reads_field(&self, label: &str) -> String {
        let value = self.field(label).await.prop("value").await.expect("it is there");
        value.unwrap_or_default()
    }

    async fn field(&self, label: &str) -> fantoccini::elements::Element {
        let wanted = format!(
            "//*[@id = //label[contains(normalize-space(.), {quoted})]/@for] | \
             //label[contains(normalize-space(.), {quoted})]//*[self::input or self::select]",
            quoted = quoted(label)
        );
        let found = until(async || self.client.find(Locator::XPath(&wanted)).await.ok()).await;
        match found {
            Some(found) => found,
            None => panic!("no field is called {label:?}: {}", self.reads().await),
        }
    }

    /// Presses keys, one after the other.
    pub(crate) async fn strikes(&self, keys: &[Key]) {
        let keys: String = keys.iter().map(|key| char::from(*key)).collect();
        self.strikes_text(&keys).await;
    }

    /// Presses the keys of a text.
    pub(crate) async fn strikes_text(&self, text: &str) {
        let mut struck = KeyActions::new("keyboard".to_owned());
        for key in text.chars() {
            struck = struck.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        }
        self.client.perform_actions(struck).await.expect("keys work");
    }

    /// The words on what has the focus.
    pub(crate) async fn focus(&self) -> String {
        let script = "const e = document.activeElement; const l = e.labels && e.labels[0]; \
                      return (l ? l.innerText : e.innerText) || e.tagName";
        let focus = self.client.execute(script, Vec::new()).await.expect("a focus");
        focus.as_str().unwrap_or_default().trim().to_owned()
    }

    /// Strikes Tab until something with these words has the focus, and it can be seen to have it.
    pub(crate) async fn tabs_to(&self, words: &str) {
        let script = "const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement); \
                      return outlineStyle !== 'none' && 2 <= parseFloat(outlineWidth)";
        for _ in 0..40 {
            self.strikes(&[Key::Tab]).await;
            if self.focus().await.contains(words) {
                assert_eq!(self.asks(script).await, true, "the focus on {words:?} cannot be seen");
                return;
            }
        }
        panic!("the keyboard does not reach {words:?}: {}", self.reads().await);
    }

    /// Runs a script on the page, as a test may and the page must not.
    pub(crate) async fn asks(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("an answer")
    }

    /// Runs a script on the page that answers later, by its last argument.
    pub(crate) async fn waits_for(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.expect("an answer")
    }

    /// Which tab is looked at.
    pub(crate) async fn tab(&self) -> WindowHandle {
        self.client.window().await.expect("a tab")
    }

    /// Opens another tab, and looks at it.
    pub(crate) async fn opens_a_tab(&self) {
        let tab = self.client.new_window(true).await.expect("a tab");
        self.turns_to(tab.handle).await;
    }

    /// Looks at another tab.
    pub(crate) async fn turns_to(&self, tab: WindowHandle) {
        self.client.switch_to_window(tab).await.expect("the tab is there");
    }

    /// Keeps pictures of the whole page by day and by night for people to look at, after asserting
    /// that nothing on it is cut off or needs sideways scrolling.
    pub(crate) async fn keeps(&self, name: &str) {
        if !self.kind.without_scripts {
            let cut = self.asks(CUT_OFF).await;
            assert_eq!(cut, json!([]), "{name} does not fit the phone");
        }
        let folder = screens();
        std::fs::create_dir_all(&folder).expect("a folder");
        for (dark, end) in [(true, "-dark"), (false, "")] {
            self.sees_night(dark).await;
            let layout = self.tells("Page.getLayoutMetrics", json!({})).await;
            let mut clip = layout["cssContentSize"].clone();
            clip["scale"] = json!(1);
            let asked = json!({ "captureBeyondViewport": true, "clip": clip });
            let taken = self.tells("Page.captureScreenshot", asked).await;
            let picture = taken["data"].as_str().expect("a picture").as_bytes();
            let picture = data_encoding::BASE64.decode(picture).expect("base64");
            std::fs::write(folder.join(format!("{name}{end}.png")), picture).expect("is written");
        }
    }

    /// Asserts that axe finds nothing serious on this page (WCAG 2.2 AA), by day and by night.
    pub(crate) async fn is_accessible(&self) {
        for dark in [true, false] {
            self.sees_night(dark).await;
            let barriers = self.barriers().await;
            let path = self.path().await;
            assert!(barriers.is_empty(), "on {path}, dark: {dark}: {barriers:#?}");
        }
    }

    /// What axe finds that bars people from this page.
    pub(crate) async fn barriers(&self) -> Vec<Value> {
        let Some(axe) = axe() else { return Vec::new() };
        self.client.execute(&axe, Vec::new()).await.expect("axe runs");
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', \
            'best-practice'] }).then(found => done(found.violations.map(rule => ({ id: rule.id, \
            impact: rule.impact, where: rule.nodes.map(node => node.html) }))))";
        let found = self.waits_for(script).await;
        let mut found = found.as_array().expect("a list").clone();
        found.retain(|rule| rule["impact"] == "serious" || rule["impact"] == "critical");
        found
    }

    async fn sees_night(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let scheme = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.tells("Emulation.setEmulatedMedia", json!({ "features": scheme })).await;
    }

    /// Tells the browser something by Chrome's own protocol.
    pub(crate) async fn tells(&self, command: &'static str, parameters: Value) -> Value {
        let told = self.client.issue_cmd(Devtools { command, parameters }).await;
        told.expect("the browser does it")
    }
}

/// Whether axe is here; the test of the test needs it.
pub(crate) fn there_is_no_axe() -> bool {
    axe().is_none()
}

/// What reaches over the edge of the screen, or has more in it than it shows.
const CUT_OFF: &str = "return [...document.body.querySelectorAll('*')].filter((e) => { \
    if (e.closest('.unseen, input, textarea') || !e.getClientRects().length) return false; \
    const { display } = getComputedStyle(e); \
    const hides = display !== 'inline' && e.clientWidth + 1 < e.scrollWidth; \
    return hides || innerWidth + 1 < e.getBoundingClientRect().right; \
    }).map((e) => e.outerHTML)";

/// Where pictures are kept.
pub(crate) fn screens() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens")
}

/// axe-core, as `.ci/run` fetches it by npm.
fn axe() -> Option<String> {
    static FOUND: Mutex<Option<String>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if found.is_none() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/package/axe.min.js");
        *found = std::fs::read_to_string(&path).ok();
        let insists = std::env::var_os("CI").is_some();
        assert!(found.is_some() || !insists, "{} must be there where CI is set", path.display());
    }
    found.clone()
}

/// A command of Chrome's own protocol.
#[derive(Debug)]
struct Devtools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(
        &self,
        base: &Url,
        session: Option<&str>,
    ) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

fn capabilities(kind: Kind, profile: &Path) -> Capabilities {
    let [width, height] = PHONE;
    let zoom = if kind.zoomed { 2 } else { 1 };
    let arguments = [
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        format!("--user-data-dir={}", profile.display()),
    ];
    let preferences = json!({ "intl.accept_languages": kind.speaks.unwrap_or("en-ZA") });
    let metrics = json!({ "width": width / zoom, "height": height / zoom, "pixelRatio": zoom });
    let options = json!({
        "args": arguments,
        "prefs": preferences,
        "mobileEmulation": { "deviceMetrics": metrics },
    });
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities.insert("timeouts".to_owned(), json!({ "script": 30_000, "pageLoad": 30_000 }));
    capabilities
}

/// Text as the language of paths takes it.
fn quoted(text: &str) -> String {
    if text.contains('"') { format!("'{text}'") } else { format!("\"{text}\"") }
}
