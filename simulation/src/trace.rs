//! What happened, line by line: a digest of all of it, and the last of it in words.

use std::collections::VecDeque;
use std::fmt::{self, Write};

use data_encoding::HEXLOWER;
use ring::digest::{Context, SHA256};

/// How many lines are shown of a run that broke a promise.
const LINES: usize = 60;

pub(crate) struct Trace {
    digest: Context,
    last: VecDeque<String>,
    lines: u64,
    is_loud: bool,
}

impl Trace {
    /// A loud one prints each line as it comes.
    pub(crate) fn new(is_loud: bool) -> Self {
        Self { digest: Context::new(&SHA256), last: VecDeque::new(), lines: 0, is_loud }
    }

    pub(crate) fn say(&mut self, at_ms: u64, what: fmt::Arguments<'_>) {
        let mut line = if self.last.len() < LINES {
            String::new()
        } else {
            self.last.pop_front().unwrap_or_default()
        };
        line.clear();
        let (seconds, millis) = (at_ms / 1000, at_ms % 1000);
        let _ = write!(line, "{seconds:>6}.{millis:03} {what}");
        self.digest.update(line.as_bytes());
        self.digest.update(b"\n");
        if self.is_loud {
            println!("{line}");
        }
        self.last.push_back(line);
        self.lines += 1;
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// SHA-256 of all lines.
    pub(crate) fn digest(&self) -> String {
        HEXLOWER.encode(self.digest.clone().finish().as_ref())
    }

    pub(crate) fn last_lines(&self) -> String {
        let mut all = String::new();
        for line in &self.last {
            let _ = writeln!(all, "{line}");
        }
        all
    }
}
