//! How many files the process may have open, and how the connections share them.
//!
//! A process that has no file left can neither accept a gate nor write to its database. So those
//! who accept connections get less than there are.

use tracing::warn;

use crate::config::{Config, Role};

/// Files that are no connections: the database and its readers, keys, logs, the bridge's line.
const RESERVE: usize = 256;

/// The smallest limit with which serving makes sense.
const LEAST: u64 = 1024;

/// Raises the limit as far as the process may, and fits the connections into it.
pub(crate) fn fit(config: &mut Config) {
    // An error means that the limit stays as it is.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(LEAST);
    share(config, files);
}

/// HTTP gets up to a quarter of the files, the broker the rest.
fn share(config: &mut Config, files: u64) {
    let room = usize::try_from(files.max(LEAST)).unwrap_or(usize::MAX) - RESERVE;
    let [http, broker] = [Role::Api, Role::Broker].map(|role| config.plays(role));
    let for_http = match (http, broker) {
        (true, true) => room / 4,
        (true, false) => room,
        (false, _) => 0,
    };
    if http {
        let wanted = &mut config.http.max_connections;
        *wanted = fitted("http.max_connections", *wanted, for_http, files);
    }
    if broker {
        let rest = room - config.http.max_connections.min(for_http);
        let wanted = &mut config.broker.max_connections;
        *wanted = fitted("broker.max_connections", *wanted, rest, files);
    }
}

fn fitted(setting: &str, wanted: usize, room: usize, files: u64) -> usize {
    if room < wanted {
        warn!("{setting} = {wanted} becomes {room}: this process may open {files} files");
    }
    wanted.min(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(roles: &[Role], files: u64) -> (usize, usize) {
        let mut config = Config { roles: roles.to_vec(), ..Config::default() };
        share(&mut config, files);
        (config.http.max_connections, config.broker.max_connections)
    }

    #[test]
    fn what_fits_stays() {
        assert_eq!(shared(&[Role::Api, Role::Broker], 20_000), (4_096, 10_000));
    }

    #[test]
    fn what_does_not_fit_leaves_files_for_the_rest() {
        for files in [1, 1024, 4_096, 10_000] {
            let (http, broker) = shared(&[Role::Api, Role::Broker], files);
            assert!(http + broker + RESERVE <= 1024.max(usize::try_from(files).unwrap()));
            assert!(http < broker, "gates come first: {http} and {broker}");
        }
    }

    #[test]
    fn who_is_alone_gets_all() {
        assert_eq!(shared(&[Role::Broker], 1024).1, 1024 - RESERVE);
        assert_eq!(shared(&[Role::Api], 1024).0, 1024 - RESERVE);
        assert_eq!(shared(&[Role::Bridge], 1024), (4_096, 10_000));
    }
}
