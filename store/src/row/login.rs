//! Logins and sessions.

use domain::login::{Channel, Client, Login};

use crate::Result;
use crate::sql::Row;

pub(crate) fn login_of(row: &Row) -> Result<Login> {
    Ok(Login {
        expires_at: row.moment("expires_at")?,
        tries: super::number(row, "tries")?,
        proved_at: row.moment_if_any("proved_at")?,
        ended_at: row.moment_if_any("ended_at")?,
    })
}

pub(crate) fn client_of(row: &Row) -> Result<Client> {
    row.parsed("client", client_from)
}

pub(crate) fn client_from(word: &str) -> std::result::Result<Client, &'static str> {
    match word {
        "app" => Ok(Client::App),
        "dashboard" => Ok(Client::Dashboard),
        _ => Err("no kind of client"),
    }
}

pub(crate) fn channel_from(word: &str) -> std::result::Result<Channel, &'static str> {
    match word {
        "whatsapp" => Ok(Channel::Whatsapp),
        "sms" => Ok(Channel::Sms),
        _ => Err("no way for pins"),
    }
}
