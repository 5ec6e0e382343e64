//! A provider on loopback: hears real requests and gives the replies it was told to give.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Listens until the process ends.
pub(crate) struct StandIn {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Heard>>>,
}

/// A request as it came: names of headers in small letters.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    /// What a header says.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }
}

impl StandIn {
    /// Gives these replies in turn, the last of them for ever.
    pub(crate) fn replying(replies: &[(u16, &str)]) -> Self {
        let replies: Vec<_> =
            replies.iter().map(|(code, body)| (*code, (*body).to_owned())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = hear(&stream) else { continue };
                let mut ears = ears.lock().expect("not poisoned");
                let (status, body) = &replies[ears.len().min(replies.len() - 1)];
                ears.push(request);
                drop(ears);
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = (&stream).write_all((head + body).as_bytes());
            }
        });
        Self { address, requests }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it heard, the oldest first.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

fn hear(stream: &TcpStream) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: Vec<_> = lines.iter().skip(1).filter_map(|line| line.split_once(": ")).collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    let mut body = vec![0; length.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let headers = headers.iter().map(|(name, value)| (name.to_lowercase(), (*value).to_owned()));
    let (line, headers) = (lines.first()?.clone(), headers.collect());
    Some(Heard { line, headers, body: String::from_utf8(body).ok()? })
}
