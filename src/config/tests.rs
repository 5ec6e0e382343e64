use super::*;

#[test]
fn the_manual_tells_every_default() {
    let manual = MANUAL.parse::<Table>().unwrap();
    assert_eq!(manual, Table::try_from(Config::default()).unwrap());
    assert_eq!(Config::from_table(manual).unwrap(), Config::default());
}

#[test]
fn every_setting_of_the_manual_is_one_also_when_commented_out() {
    let uncommented: String = MANUAL
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| is_assignment(line)).unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    let config = Config::from_table(uncommented.parse().unwrap()).unwrap();
    assert_ne!(config.http.certificate_file, None);
    assert_ne!(config.http.public_url, None);
    assert_ne!(config.http.console_url, None);
    assert_eq!(config.http.check(), Ok(()));
    assert_ne!(config.courier.whatsapp.token_file, None);
    assert_ne!(config.courier.sms.token_file, None);
    assert_ne!(config.bridge.server_name, None);
    assert_ne!(config.operator.listen, None);
}

#[test]
fn the_command_line_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flussd.toml");
    fs::write(&file, "log = 'warn'\n[http]\nlisten = '127.0.0.1:1'\nmax_connections = 7\n")
        .unwrap();
    let sets =
        ["http.listen=127.0.0.1:0", "log_format=json", "roles=[\"api\"]", "names=['a', 'b']"];
    let data = Some(PathBuf::from("/elsewhere"));
    let config = Config::load(Some(&file), data, &sets.map(String::from)).unwrap();
    let expected = Config {
        data: PathBuf::from("/elsewhere"),
        roles: vec![Role::Api],
        log: "warn".to_owned(),
        log_format: log::Format::Json,
        names: vec!["a".to_owned(), "b".to_owned()],
        http: api::server::Config {
            listen: ([127, 0, 0, 1], 0).into(),
            max_connections: 7,
            ..Default::default()
        },
        ..Config::default()
    };
    assert_eq!(config, expected);
}

#[test]
fn a_wrong_setting_is_told_in_one_line() {
    for (set, line) in [
        (
            "http.listen=here",
            r#"http.listen = "here": invalid socket address syntax, expected something like "127.0.0.1:8080""#,
        ),
        (
            "http.lisen=127.0.0.1:1",
            r"http.lisen: unknown field `lisen`, expected one of `listen`, `certificate_file`, `key_file`, `trusted_proxies`, `public_url`, `console_url`, `max_connections`, `max_connections_per_address`",
        ),
        (
            "htp.listen=1",
            r"htp: unknown field `htp`, expected one of `data`, `roles`, `log`, `log_format`, `names`, `time_zone`, `store`, `http`, `api`, `login`, `privacy`, `courier`, `broker`, `bridge`, `operator`",
        ),
        (
            "http.max_connections=many",
            r#"http.max_connections = "many": invalid type: string "many", expected usize"#,
        ),
        (
            "http.max_connections=-1",
            r"http.max_connections = -1: invalid value: integer `-1`, expected usize",
        ),
        (
            "http.trusted_proxies=['proxy']",
            r#"http.trusted_proxies[0] = "proxy": invalid IP address syntax"#,
        ),
        (
            "http.listen=0.0.0.0:80",
            r#"http.listen = "0.0.0.0:80": expected a loopback address, since plain HTTP would show codes to the network; for others set certificate_file and key_file, or trusted_proxies"#,
        ),
        (
            "http.public_url=fluss.example",
            r#"http.public_url = "fluss.example": expected https:// (or http://) and a host, without a path or a slash at the end"#,
        ),
        (
            "http.console_url=https://console.example",
            r#"http.console_url = "https://console.example": expected https:// (or http://, like public_url, which must be set too) and another host than there, without a path or a slash at the end"#,
        ),
        ("http=8080", r"http = 8080: invalid type: integer `8080`, expected struct Config"),
        (
            "roles=['api', 'brdge']",
            r#"roles[1] = "brdge": unknown variant `brdge`, expected one of `api`, `bridge`, `broker`"#,
        ),
        ("roles=[]", r"roles = []: expected at least one of api, bridge, broker"),
        (
            "log=info,api=loud",
            r#"log = "info,api=loud": error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5"#,
        ),
        (
            "log_format=xml",
            r#"log_format = "xml": unknown variant `xml`, expected `plain` or `json`"#,
        ),
        ("data=5", r"data = 5: invalid type: integer `5`, expected path string"),
        ("names=['two words']", r#"names = ["two words"]: expected host names and IP addresses"#),
        ("store.uri=postgres://x:secret@y/z", "store.uri: unknown field `uri`, expected `url`"),
        ("store.url=mysql://x:secret@y", "store.url: expected sqlite:PATH or postgres://…"),
        (
            "bridge.broker=somewhere",
            r#"bridge.broker = "somewhere": expected a host and a port, like 127.0.0.1:8883"#,
        ),
        (
            "bridge.server_name='two words'",
            r#"bridge.server_name = "two words": expected a host name or an IP address"#,
        ),
        (
            "privacy.keep_guests_days=0",
            "privacy.keep_guests_days = 0: expected whole days from 1 to 3650",
        ),
        (
            "operator.listen=0.0.0.0:8081",
            r#"operator.listen = "0.0.0.0:8081": expected a loopback address, since nobody is asked who they are; from elsewhere come by `ssh -L`, or by a proxy on this machine that asks"#,
        ),
        ("listen", r"--set listen: expected KEY=VALUE"),
        ("=1", r"--set =1: expected KEY=VALUE"),
        ("http..listen=1", r"--set http..listen=1: expected KEY=VALUE"),
    ] {
        let error = Config::load(None, None, &[set.to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn a_wrong_life_of_sessions_is_told_in_one_line() {
    let told = |set: &str| Config::load(None, None, &[set.to_owned()]).unwrap_err().to_string();
    assert_eq!(
        told("login.session_days=0"),
        "login.session_days = 0: expected from 1 to 3650 days"
    );
    let idle =
        "login.session_idle_days = 366: expected at least 1 day, and no more than session_days";
    assert_eq!(told("login.session_idle_days=366"), idle);
}

#[test]
fn a_wrong_setting_of_the_couriers_is_told_in_one_line() {
    for (set, line) in [
        (
            "courier.whatsapp.phone_number_id='+27 10'",
            r#"courier.whatsapp.phone_number_id = "+27 10": expected the digits by which Meta names the phone number that sends"#,
        ),
        (
            "courier.whatsapp.token_file='/etc/token'",
            r#"courier.whatsapp.phone_number_id = "": expected the digits by which Meta names the phone number that sends"#,
        ),
        (
            "courier.whatsapp.template='Login Pin'",
            r#"courier.whatsapp.template = "Login Pin": expected the name of a template: small letters, digits and _"#,
        ),
        (
            "courier.sms.account_sid=AC12",
            r#"courier.sms.account_sid = "AC12": expected AC and 32 hexadecimal digits, as Twilio names the account"#,
        ),
        (
            "courier.sms.account_sid=AC00000000000000000000000000000000",
            r#"courier.sms.sender = "": expected a phone number, a name, or a messaging service (MG…)"#,
        ),
        (
            "courier.sms.base_url=http://sms.example",
            r#"courier.sms.base_url = "http://sms.example": expected https:// and a host (or http:// and a loopback address), without a slash at the end"#,
        ),
        (
            "courier.sms.token=secret",
            "courier.sms.token: unknown field `token`, expected one of `account_sid`, `token_file`, `sender`, `base_url`",
        ),
    ] {
        let error = Config::load(None, None, &[set.to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flussd.toml");
    let name = file.display();
    let load = || Config::load(Some(&file), None, &[]).unwrap_err().to_string();

    assert_eq!(load(), format!("{name}: No such file or directory (os error 2)"));
    fs::write(&file, "log = 'info'\n\n[http\n").unwrap();
    let told = load();
    assert!(told.starts_with(&format!("{name}, line 3: ")), "{told}");
    assert_eq!(told.lines().count(), 1);
}

fn is_assignment(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}
