//! Lists of people as spreadsheets write them: name, phone, notes; with commas, semicolons or
//! tabs, with or without a header.

use std::collections::HashMap;

use ::csv::{ReaderBuilder, StringRecord, Trim};
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
        /// `name`, `phone`, `notes`; or `columns`, when there are too many.
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
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let (mut lines, mut seen) = (Vec::new(), HashMap::new());
    for record in reader.records() {
        let record = record.map_err(|_| Problem::from(Code::NotCsv))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if MAX_LINES < lines.len() {
            return Err(Code::TooLarge.into());
        }
        let line = line_of(text, &record);
        let said = match somebody(&record, home) {
            _ if lines.is_empty() && is_header(&record) => Said::Header,
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
fn is_header(record: &StringRecord) -> bool {
    let phone = record.get(1).unwrap_or_default();
    !phone.is_empty() && !phone.contains(|c: char| c.is_ascii_digit())
}

fn somebody(record: &StringRecord, home: Option<Country>) -> Result<Listed, &'static str> {
    if record.iter().skip(3).any(|field| !field.is_empty()) {
        return Err("columns");
    }
    let field = |place| record.get(place).unwrap_or_default();
    let phone = PhoneNumber::parse(field(1), home).map_err(|_| "phone")?;
    let name = Some(field(0)).filter(|name| !name.is_empty());
    let name = name.map(PersonName::parse).transpose().map_err(|_| "name")?;
    let notes = Notes::parse(field(2)).map_err(|_| "notes")?;
    Ok(Listed { phone, name, notes: Some(notes) })
}

/// What stands between the columns of the first line; a comma where nothing does.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let found = first.bytes().find(|byte| {
        quoted ^= *byte == b'"';
        !quoted && b",;\t".contains(byte)
    });
    found.unwrap_or(b',')
}

/// On which line a record begins; empty lines before it do not count as its own.
fn line_of(text: &str, record: &StringRecord) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let begin = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(begin..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    position.line() + rest[..blank].matches('\n').count() as u64
}

#[cfg(test)]
mod tests {
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
}
