//! Settings of the couriers. Secrets are no settings: they are in files of their own, or in the
//! environment.

use std::net::IpAddr;
use std::path::PathBuf;

use axum::http::Uri;
use domain::login::Channel;
use serde::{Deserialize, Serialize};

use crate::config::InvalidSetting;

/// By whom login pins are sent; with neither they are printed to the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Meta's WhatsApp Cloud API.
    pub whatsapp: Whatsapp,
    /// Twilio's Messages API.
    pub sms: Sms,
}

/// Meta's WhatsApp Cloud API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Whatsapp {
    /// The id of the business phone number that sends; empty: no pins by WhatsApp.
    pub phone_number_id: String,
    /// The file with the access token.
    pub token_file: Option<PathBuf>,
    /// The file with the app's secret, by which Meta signs its reports; without it none is heard.
    pub app_secret_file: Option<PathBuf>,
    /// The file with the word by which Meta asks whether reports are wanted here.
    pub verify_token_file: Option<PathBuf>,
    /// The authentication template, with the pin in its body and a button that copies it.
    pub template: String,
    /// The template's language.
    pub language: String,
    /// Where the API is, with its version.
    pub base_url: String,
}

/// Twilio's Messages API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sms {
    /// The account; empty: no pins by SMS.
    pub account_sid: String,
    /// The file with the account's auth token.
    pub token_file: Option<PathBuf>,
    /// Who sends: a number, a name, or a messaging service (`MG…`).
    pub sender: String,
    /// Where the API is.
    pub base_url: String,
}

impl Default for Whatsapp {
    fn default() -> Self {
        Self {
            phone_number_id: String::new(),
            token_file: None,
            app_secret_file: None,
            verify_token_file: None,
            template: "login_pin".to_owned(),
            language: "en".to_owned(),
            base_url: "https://graph.facebook.com/v23.0".to_owned(),
        }
    }
}

impl Default for Sms {
    fn default() -> Self {
        Self {
            account_sid: String::new(),
            token_file: None,
            sender: String::new(),
            base_url: "https://api.twilio.com".to_owned(),
        }
    }
}

impl Config {
    /// Whether pins go to phones at all.
    pub fn reaches_phones(&self) -> bool {
        !self.channels().is_empty()
    }

    /// By which ways they do.
    pub fn channels(&self) -> Vec<Channel> {
        let is_set = |channel: &Channel| match channel {
            Channel::Whatsapp => self.whatsapp.is_set(),
            Channel::Sms => self.sms.is_set(),
        };
        Channel::ALL.into_iter().filter(is_set).collect()
    }

    /// Refuses what could not work.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.whatsapp.check()?;
        self.sms.check()
    }
}

impl Whatsapp {
    /// Whether pins go this way.
    pub fn is_set(&self) -> bool {
        !self.phone_number_id.is_empty()
    }

    fn check(&self) -> Result<(), InvalidSetting> {
        let id = &self.phone_number_id;
        let is_id = id.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = |text: &str, extra: fn(u8) -> bool| {
            !text.is_empty() && text.bytes().all(|byte| byte == b'_' || extra(byte))
        };
        let is_template =
            is_word(&self.template, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let is_language = is_word(&self.language, |byte| byte.is_ascii_alphabetic());
        let files = [&self.token_file, &self.app_secret_file, &self.verify_token_file];
        let is_unused = files.iter().all(|file| file.is_none());
        expect(is_id && (self.is_set() || is_unused), || InvalidSetting {
            setting: "whatsapp.phone_number_id",
            value: format!("{id:?}"),
            expected: "the digits by which Meta names the phone number that sends",
        })?;
        expect(is_template, || InvalidSetting {
            setting: "whatsapp.template",
            value: format!("{:?}", self.template),
            expected: "the name of a template: small letters, digits and _",
        })?;
        expect(is_language, || InvalidSetting {
            setting: "whatsapp.language",
            value: format!("{:?}", self.language),
            expected: "the language of the template, like en or en_US",
        })?;
        check_url("whatsapp.base_url", &self.base_url)
    }
}

impl Sms {
    /// Whether pins go this way.
    pub fn is_set(&self) -> bool {
        !self.account_sid.is_empty()
    }

    fn check(&self) -> Result<(), InvalidSetting> {
        let sid = &self.account_sid;
        let hex = sid.strip_prefix("AC").unwrap_or_default();
        let is_sid = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_unused = sid.is_empty() && self.token_file.is_none();
        expect(is_sid || is_unused, || InvalidSetting {
            setting: "sms.account_sid",
            value: format!("{sid:?}"),
            expected: "AC and 32 hexadecimal digits, as Twilio names the account",
        })?;
        expect(!self.is_set() || !self.sender.trim().is_empty(), || InvalidSetting {
            setting: "sms.sender",
            value: format!("{:?}", self.sender),
            expected: "a phone number, a name, or a messaging service (MG…)",
        })?;
        check_url("sms.base_url", &self.base_url)
    }
}

fn expect(ok: bool, invalid: impl FnOnce() -> InvalidSetting) -> Result<(), InvalidSetting> {
    if ok { Ok(()) } else { Err(invalid()) }
}

/// Tokens, numbers and pins travel there, so over a network only encrypted.
fn check_url(setting: &'static str, url: &str) -> Result<(), InvalidSetting> {
    let uri = url.parse::<Uri>().ok().filter(|uri| !url.ends_with('/') && uri.query().is_none());
    let is_safe = uri.is_some_and(|uri| {
        let is_loopback = |host: &str| host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        match uri.scheme_str() {
            Some("https") => uri.host().is_some(),
            Some("http") => uri.host().is_some_and(is_loopback),
            Some(_) | None => false,
        }
    });
    expect(is_safe, || InvalidSetting {
        setting,
        value: format!("{url:?}"),
        expected: "https:// and a host (or http:// and a loopback address), without a slash at \
                   the end",
    })
}
