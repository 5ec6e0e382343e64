//! Lists of people as spreadsheets write them: name, phone, notes; with commas, semicolons or
//! tabs, with or without a header. A quoted column may have several lines; a quote that was forgotten
//! costs the line that it stands on, and hides none after it.

use std::collections::HashMap;
use std::iter;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use domain::PhoneNumber;
use domain::name::{Notes, PersonName};
use domain::phone::Country;
use store::Listed;

use crate::answers::{Code, Problem};

/// The most that a list may weigh.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// The most lines that it may have.
const MAX_LINES: usize = 1_000;

/// What a line says.
#[derive(Debug)]
pub(super) enum Said {
    /// The names of the columns.
    Header,
    /// Somebody.
    Somebody(Listed),
    /// The number of an earlier line.
    Duplicate {
        /// Which line.
        of: u64,
    },
    /// Something that is not as expected.
    Bad {
        /// `name`, `phone`, `notes`; `columns`, when there are too many; or `quotes`, when they do
        /// not tell where the line ends.
        field: &'static str,
    },
}

/// Reads all lines but empty ones, each with its number. Local numbers are those of a country.
pub(super) fn read(bytes: &[u8], home: Option<Country>) -> Result<Vec<(u64, Said)>, Problem> {
    if MAX_BYTES < bytes.len() {
        return Err(Code::TooLarge.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::from(Code::NotCsv))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let all: Vec<&str> = text.lines().collect();
    let (mut lines, mut seen) = (Vec::new(), HashMap::new());
    for (line, record) in Sheet::of(&all, home) {
        if record.as_ref().is_some_and(|record| record.iter().all(String::is_empty)) {
            continue;
        }
        if MAX_LINES < lines.len() {
            return Err(Code::TooLarge.into());
        }
        let said = match record.as_deref().ok_or("quotes").and_then(|it| somebody(it, home)) {
            _ if lines.is_empty() && record.as_deref().is_some_and(is_header) => Said::Header,
            Err(field) => Said::Bad { field },
            Ok(listed) => {
                if let Some(first) = seen.get(listed.phone.reveal()) {
                    Said::Duplicate { of: *first }
                } else {
                    seen.insert(listed.phone.reveal().to_owned(), line);
                    Said::Somebody(listed)
                }
            }
        };
        lines.push((line, said));
    }
    Ok(lines)
}

/// A first line is a header when no number could stand where the numbers stand.
fn is_header(record: &[String]) -> bool {
    let phone = column(record, 1);
    !phone.is_empty() && !phone.contains(|c: char| c.is_ascii_digit())
}

fn somebody(record: &[String], home: Option<Country>) -> Result<Listed, &'static str> {
    if is_too_wide(record) {
        return Err("columns");
    }
    let phone = PhoneNumber::parse(column(record, 1), home).map_err(|_| "phone")?;
    let name = Some(column(record, 0)).filter(|name| !name.is_empty());
    let name = name.map(PersonName::parse).transpose().map_err(|_| "name")?;
    let notes = Notes::parse(column(record, 2)).map_err(|_| "notes")?;
    Ok(Listed { phone, name, notes: Some(notes) })
}

fn column(record: &[String], place: usize) -> &str {
    record.get(place).map_or("", String::as_str)
}

fn is_too_wide(record: &[String]) -> bool {
    record.iter().skip(3).any(|field| !field.is_empty())
}

/// The lines of a list, and how many of them were read.
struct Sheet<'a> {
    lines: &'a [&'a str],
    read: usize,
    reader: Reader,
    home: Option<Country>,
    /// Whether the quotes of a line did not tell where it ends.
    is_torn: bool,
}

/// The number of a record's first line, and its columns unless its quotes are bad.
impl Iterator for Sheet<'_> {
    type Item = (u64, Option<Vec<String>>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.lines[self.read..];
        let blank = rest.iter().take_while(|line| line.is_empty()).count();
        let (first, rest) = rest[blank..].split_first()?;
        self.read += blank + 1;
        let line = self.read as u64;
        let record = self.record(first, rest);
        self.is_torn |= record.is_none();
        self.read += record.as_ref().map_or(0, |(_, others)| *others);
        Some((line, record.map(|(columns, _)| columns)))
    }
}

impl<'a> Sheet<'a> {
    fn of(lines: &'a [&'a str], home: Option<Country>) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter(lines)).build();
        Self { lines, read: 0, reader, home, is_torn: false }
    }

    /// The record that begins with a line, and how many of the rest belong to it.
    ///
    /// Of the others that are looked at here, none but the last has an odd number of quotes. So none
    /// before it begins a record of several lines, and each is looked at twice at most.
    fn record(&mut self, first: &str, rest: &[&str]) -> Option<(Vec<String>, usize)> {
        let (record, ends) = self.columns(first);
        if ends {
            // Once a line was torn, a quote too many is perhaps the end of what was torn off.
            return Some((record, 0)).filter(|_| !self.is_torn || !is_odd(first));
        }
        if !is_odd(first) {
            return None;
        }
        let last = rest.iter().position(|line| is_odd(line))?;
        let others = &rest[..=last];
        if others.iter().any(|line| self.is_somebody(line)) {
            return None;
        }
        let (record, ends) = self.columns(&[&[first], others].concat().join("\n"));
        (ends && !is_too_wide(&record)).then_some((record, others.len()))
    }

    /// Whether a line by itself says whom it is about. Behind an odd number of quotes, its phone
    /// number is a column of a record that began above.
    fn is_somebody(&mut self, line: &str) -> bool {
        let (record, _) = self.columns(line);
        !is_odd(column(&record, 0)) && PhoneNumber::parse(column(&record, 1), self.home).is_ok()
    }

    /// The columns of a record, but for one whose quote is open; and whether it ends with this text.
    fn columns(&mut self, text: &str) -> (Vec<String>, bool) {
        let text = format!("{text}\n");
        let (mut said, mut ends) = (vec![0; text.len()], vec![0; text.len()]);
        self.reader.reset();
        let (result, read, _, count) =
            self.reader.read_record(text.as_bytes(), &mut said, &mut ends);
        let begins = iter::once(0).chain(ends.iter().copied());
        let columns = begins.zip(&ends).take(count).map(|(begin, end)| {
            let column = said.get(begin..*end).unwrap_or_default();
            String::from_utf8_lossy(column).trim().to_owned()
        });
        (columns.collect(), result == ReadRecordResult::Record && read == text.len())
    }
}

fn is_odd(text: &str) -> bool {
    text.matches('"').count() % 2 == 1
}

/// What stands between the columns of the first line; a comma where nothing does.
fn delimiter(lines: &[&str]) -> u8 {
    let first = lines.iter().find(|line| !line.trim().is_empty()).unwrap_or(&"");
    let mut quoted = false;
    let found = first.bytes().find(|byte| {
        quoted ^= *byte == b'"';
        !quoted && b",;\t".contains(byte)
    });
    found.unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn lines(text: &str) -> Vec<(u64, String)> {
        let home = Country::parse("ZA").ok();
        let told = |(line, said)| {
            let said = match said {
                Said::Header => "header".to_owned(),
                Said::Duplicate { of } => format!("as {of}"),
                Said::Bad { field } => format!("bad {field}"),
                Said::Somebody(Listed { phone, name, notes }) => format!(
                    "{}|{}|{}",
                    name.as_ref().map_or("-", |name| name.as_str()),
                    phone.reveal(),
                    notes.as_ref().map_or("-", Notes::as_str),
                ),
            };
            (line, said)
        };
        read(text.as_bytes(), home).unwrap().into_iter().map(told).collect()
    }

    fn told(text: &str, expected: &[(u64, &str)]) {
        let lines = lines(text);
        let lines: Vec<_> = lines.iter().map(|(line, said)| (*line, said.as_str())).collect();
        assert_eq!(lines, expected, "{text:?}");
    }

    const ZOE: &str = "Zoë|+27821234567|Unit 7, gate";

    #[test]
    fn a_list_is_read_as_spreadsheets_write_it() {
        for text in [
            "name,phone,notes\nZoë,082 123 4567,\"Unit 7, gate\"\n",
            "Naam;Foon;Notas\r\nZoë;+27 82 123 4567;Unit 7, gate\r\n",
            "\u{feff}Name,Mobile number,Notes\r\n\"Zoë\",\"0821234567\",\"Unit 7, gate\"\r\n",
            "name\tphone\tnotes\nZoë\t0821234567\tUnit 7, gate",
            "\"a, b\";\"c, d\";\nZoë;0821234567;Unit 7, gate;\n",
        ] {
            told(text, &[(1, "header"), (2, ZOE)]);
        }
        told("Zoë,0821234567,\"Unit 7, gate\"", &[(1, ZOE)]);
        told(",0821234567", &[(1, "-|+27821234567|")]);
        told("", &[]);
    }

    #[test]
    fn each_bad_line_is_told_with_what_is_wrong_and_hides_no_good_one() {
        let long = "x".repeat(81);
        let text = format!(
            "A,0821234567,\n\r\nB,12,\n{long},0821234568,\nC,,\nD,+27 82 123 4567,again\n,,\n\
             E,0821234569,one,two\nF,phone,\n\"G\n H\",0821234560,\"two\nlines\"\nI,0821234561"
        );
        told(
            &text,
            &[
                (1, "A|+27821234567|"),
                (3, "bad phone"),
                (4, "bad name"),
                (5, "bad phone"),
                (6, "as 1"),
                (8, "bad columns"),
                (9, "bad phone"),
                (10, "G H|+27821234560|two\nlines"),
                (13, "I|+27821234561|"),
            ],
        );
    }

    #[test]
    fn a_list_is_no_larger_than_can_be_looked_at() {
        let line = |last: usize| format!("x,+2782123{last:04},\n");
        let many = |count: usize| (0..count).map(line).collect::<String>();
        assert_eq!(read(many(1_000).as_bytes(), None).unwrap().len(), 1_000);
        let code = |text: &[u8]| read(text, None).unwrap_err().code;
        assert_eq!(code(many(1_002).as_bytes()), Code::TooLarge);
        assert_eq!(code(&vec![b' '; MAX_BYTES + 1]), Code::TooLarge);
        assert_eq!(code(b"Zo\xeb,0821234567"), Code::NotCsv);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_own_line_and_hides_no_other() {
        told(
            "A,0821234567,\"Unit 7\nB,0821234568,x\nC,0821234569,y",
            &[(1, "bad quotes"), (2, "B|+27821234568|x"), (3, "C|+27821234569|y")],
        );
        told(
            "A,0821234567,x\r\nB,0821234568,\"Unit 7\r\n\r\n",
            &[(1, "A|+27821234567|x"), (2, "bad quotes")],
        );
        told("\"A,0821234567,x\nB,0821234568,y", &[(1, "bad quotes"), (2, "B|+27821234568|y")]);
    }

    #[test]
    fn a_quote_that_a_later_line_closes_hides_nobody_between_them() {
        told(
            "A,0821234567,\"Unit 7\nB,0821234568,x\nand\n\nC,0821234569,\"two\nlines\"\n\
             D,0821234560,z\"\nE,0821234561,",
            &[
                (1, "bad quotes"),
                (2, "B|+27821234568|x"),
                (3, "bad phone"),
                (5, "C|+27821234569|two\nlines"),
                (7, "bad quotes"),
                (8, "E|+27821234561|"),
            ],
        );
        told(
            "A,0821234567,\"Unit 7\nB's,0821234568,5\" pipe\nC,0821234569,\n",
            &[(1, "bad quotes"), (2, "bad quotes"), (3, "C|+27821234569|")],
        );
        told(
            "A,0821234567,\"Unit 7\n\"B\",\"0821234568\",\"x\"\n\"C\",\"0821234569\",\"y\n",
            &[(1, "bad quotes"), (2, "B|+27821234568|x"), (3, "bad quotes")],
        );
    }

    #[test]
    fn quotes_that_tear_nothing_are_notes() {
        told(
            "A,0821234567,5\" pipe\nB,0821234568,\"5\"\" pipe,\nby the \"\"gate\"\"\"\rC,0821234569,",
            &[
                (1, "A|+27821234567|5\" pipe"),
                (2, "B|+27821234568|5\" pipe,\nby the \"gate\""),
                (4, "C|+27821234569|"),
            ],
        );
    }

    /// All lists of up to four of these lines. A line whose number stands in its second column is
    /// told of, and what stands there becomes nobody else's notes.
    #[test]
    fn no_quote_makes_a_line_vanish() {
        const KINDS: [&str; 9] = [
            "A,#,x",
            "A,#,\"x",
            "A,#,x\"",
            "\"A\",\"#\",\"x\"",
            "A \"a\" B,#,5\" x",
            "x\"",
            "\"A",
            "a\",#,\"x",
            "",
        ];
        for chosen in 0..KINDS.len().pow(4) {
            let lines: Vec<String> = (0..4)
                .map(|place| {
                    let kind = KINDS[chosen / KINDS.len().pow(place) % KINDS.len()];
                    kind.replace('#', &format!("082123456{place}"))
                })
                .collect();
            let text = lines.join("\n");
            let said = read(text.as_bytes(), Country::parse("ZA").ok()).unwrap();
            for (number, line) in (1..).zip(&lines) {
                let name = line.split(',').next().unwrap_or_default();
                let is_somebody = line.contains("082") && name.matches('"').count() % 2 == 0;
                let is_told = said.iter().any(|(told, _)| *told == number);
                assert!(is_told || !is_somebody, "{number} of {text:?}");
            }
            for (line, said) in said {
                let Said::Somebody(Listed { name, notes, .. }) = said else { continue };
                let (name, notes) = (name.unwrap(), notes.unwrap());
                let kept = format!("{} {}", name.as_str(), notes.as_str());
                assert!(!kept.contains("082"), "{line} of {text:?}");
            }
        }
    }

    #[test]
    fn the_largest_list_of_torn_quotes_is_looked_at_in_no_time() {
        let torn = format!("A,1,\"{}\"", "\na,b".repeat(60_000));
        for text in [torn, "A,1,\"x\n".repeat(32_000), "\"\n1,1\n".repeat(40_000)] {
            let begun = Instant::now();
            let _ = read(text.as_bytes(), None);
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        }
    }
}
