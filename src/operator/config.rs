//! Where the operator's page listens, and under which names it answers.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The operator's page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// A loopback address; nothing is served without one.
    pub(crate) listen: Option<SocketAddr>,
    /// Names beside localhost under which it answers.
    pub(crate) names: Vec<String>,
}

impl Config {
    /// Refuses what would show the page to others.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.listen {
            Some(listen) if !listen.ip().to_canonical().is_loopback() => Err(format!(
                "listen = \"{listen}\": expected a loopback address, since nobody is asked who \
                 they are; from elsewhere come by `ssh -L`, or by a proxy on this machine that asks"
            )),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether a `Host` means this machine.
pub(super) fn is_ours(host: &str, names: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        // The last colon of a bare IPv6 address begins no port; such an address has brackets here.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    ip.is_ok_and(|ip| ip.is_loopback())
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_made_to_lead_here_is_not_ours() {
        let names = ["fluss.internal".to_owned()];
        for ours in
            ["localhost", "LocalHost:8081", "127.0.0.1:8081", "[::1]:8081", "fluss.internal"]
        {
            assert!(is_ours(ours, &names), "{ours}");
        }
        for foreign in
            ["", "evil.example", "localhost.evil.example:8081", "10.0.0.1:8081", "127.0.0.1.a:1"]
        {
            assert!(!is_ours(foreign, &names), "{foreign}");
        }
    }

    #[test]
    fn only_this_machine_may_reach_it() {
        let check = |listen: &str| {
            let listen = Some(listen.parse().unwrap());
            Config { listen, ..Config::default() }.check()
        };
        assert_eq!(check("127.0.0.1:8081"), Ok(()));
        assert_eq!(check("[::1]:8081"), Ok(()));
        assert!(check("0.0.0.0:8081").unwrap_err().starts_with("listen = \"0.0.0.0:8081\""));
        assert!(check("10.0.0.1:8081").is_err());
    }
}
