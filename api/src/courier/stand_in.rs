//! A provider on loopback: hears real requests and gives the replies it was told to give.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Listens until the process ends.
pub(crate) struct StandIn {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Heard>>>,
    replies: Arc<Mutex<VecDeque<(u16, String)>>>,
}

/// A request as it came: names of headers in small letters.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The status of the reply.
    pub(crate) replied: u16,
}

impl Heard {
    /// What a header says.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }
}

impl StandIn {
    /// Gives these replies in turn, the last of them for ever; `{n}` is the number of the request.
    pub(crate) fn replying(replies: &[(u16, &str)]) -> Self {
        Self::saying(replies, String::new())
    }

    /// Sends whoever asks to another address.
    pub(crate) fn leading(status: u16, elsewhere: &str) -> Self {
        Self::saying(&[(status, "")], format!("location: {elsewhere}\r\n"))
    }

    /// Gives replies with one more header.
    fn saying(replies: &[(u16, &str)], header: String) -> Self {
        let replies = Arc::new(Mutex::new(owned(replies)));
        let mouth = Arc::clone(&replies);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = hear(&stream) else { continue };
                let (status, body) = next(&mut mouth.lock().expect("not poisoned"));
                let mut ears = ears.lock().expect("not poisoned");
                ears.push(Heard { replied: status, ..request });
                let number = ears.len().to_string();
                drop(ears);
                let body = body.replace("{n}", &number);
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\n{header}\
                     content-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = (&stream).write_all((head + &body).as_bytes());
            }
        });
        Self { address, requests, replies }
    }

    /// Gives these replies from now on.
    pub(crate) fn turns_to(&self, replies: &[(u16, &str)]) {
        *self.replies.lock().expect("not poisoned") = owned(replies);
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

fn owned(replies: &[(u16, &str)]) -> VecDeque<(u16, String)> {
    replies.iter().map(|(code, body)| (*code, (*body).to_owned())).collect()
}

/// The first reply; the last one stays.
fn next(replies: &mut VecDeque<(u16, String)>) -> (u16, String) {
    let is_last = replies.len() == 1;
    let reply = if is_last { replies.front().cloned() } else { replies.pop_front() };
    reply.expect("a reply")
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
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(Some(0), |(_, length)| length.parse().ok())?];
    reader.read_exact(&mut body).ok()?;
    let headers = headers.iter().map(|(name, value)| (name.to_lowercase(), (*value).to_owned()));
    let (line, headers) = (lines.first()?.clone(), headers.collect());
    Some(Heard { line, headers, body: String::from_utf8(body).ok()?, replied: 0 })
}
