//! CSV files that people write: a header that names the columns, then one row on each line.
//!
//! What a spreadsheet makes of such a file is accepted: a byte order mark, CRLF, semicolons instead
//! of commas, blanks around a value, empty lines.

use std::path::Path;

use jiff::Timestamp;

use course::problem::{Problem, Result};

/// The columns that a file may have.
pub struct Columns {
    /// Without these the file is refused.
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

pub struct Table {
    /// The file as people know it.
    shown: String,
    header: Vec<String>,
    pub rows: Vec<Row>,
}

pub struct Row {
    /// Where it begins in the file, counted from 1.
    pub line: usize,
    values: Vec<String>,
}

impl Table {
    pub fn read(path: &Path, columns: &Columns) -> Result<Table> {
        let bytes =
            std::fs::read(path).map_err(|error| Problem::with_file("read", path, &error))?;
        Table::parse(&path.display().to_string(), &bytes, columns)
    }

    /// `shown` names the file in messages.
    pub fn parse(shown: &str, bytes: &[u8], columns: &Columns) -> Result<Table> {
        let text = text_of(shown, bytes)?;
        let first = text.lines().next().unwrap_or_default();
        let semicolons = first.contains(';') && !first.contains(',');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if semicolons { b';' } else { b',' })
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let of_csv =
            |error: csv::Error| Problem::new(format!("{shown}{}.", in_words(&error, text)));

        let header: Vec<String> = reader
            .headers()
            .map_err(of_csv)?
            .iter()
            .map(str::to_lowercase)
            .collect();
        for (at, column) in header.iter().enumerate() {
            if !column.is_empty() && header[..at].contains(column) {
                return Err(Problem::new(format!(
                    "{shown}: the header names the column `{column}` twice."
                )));
            }
        }
        if let Some(column) = columns
            .required
            .iter()
            .find(|column| !header.iter().any(|name| name == *column))
        {
            return Err(Problem::new(format!(
                "{shown}: the first line must name the columns, and none of them is `{column}`.\n\
                 It reads: {}",
                first.trim_end()
            )));
        }

        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(of_csv)?;
            let line = line_of(text, record.position());
            if is_open(text, &record) {
                return Err(Problem::new(format!(
                    "{shown}:{line}: a quote begins here and does not end in its line. Close it, or take it away."
                )));
            }
            if record.iter().all(str::is_empty) {
                continue; // a spreadsheet leaves rows of bare commas behind
            }
            rows.push(Row {
                line,
                values: record.iter().map(str::to_owned).collect(),
            });
        }
        Ok(Table {
            shown: shown.to_owned(),
            header,
            rows,
        })
    }

    /// The columns that are neither required nor optional. They are ignored.
    pub fn unread(&self, columns: &Columns) -> Vec<String> {
        let is_known =
            |name: &str| columns.required.contains(&name) || columns.optional.contains(&name);
        self.header
            .iter()
            .filter(|name| !name.is_empty() && !is_known(name))
            .cloned()
            .collect()
    }

    /// A value; `None` if the column is absent or the value is empty.
    pub fn get<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        let at = self.header.iter().position(|name| name == column)?;
        row.values
            .get(at)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A point in time, RFC 3339 with its offset.
    pub fn time(&self, row: &Row, column: &str) -> Result<Option<Timestamp>> {
        self.get(row, column)
            .map(|value| {
                time(value).map_err(|problem| self.complain(row, &format!("{column}: {problem}")))
            })
            .transpose()
    }

    pub fn complain(&self, row: &Row, what: &str) -> Problem {
        Problem::new(format!("{}:{}: {what}", self.shown, row.line))
    }
}

/// A point in time as people write it down, `2026-11-01T23:59:00+09:00`.
pub fn time(value: &str) -> Result<Timestamp> {
    value.parse().map_err(|_| {
        Problem::new(format!(
            "\"{value}\" is not a time. Write it with its offset from UTC, as in \
             2026-11-01T23:59:00+09:00 or 2026-11-01T14:59:00Z."
        ))
    })
}

/// The file's text, without a byte order mark.
fn text_of<'a>(shown: &str, bytes: &'a [u8]) -> Result<&'a str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Problem::new(format!(
            "{shown} is UTF-16. Save it as \"CSV UTF-8\" and try again."
        )));
    }
    str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Problem::new(format!(
            "{shown}:{line}: this is not UTF-8. Save the file as \"CSV UTF-8\" and try again."
        ))
    })
}

/// Whether a quote in a record is not closed. The reader takes all that follows, other rows too, for one
/// value.
fn is_open(text: &str, record: &csv::StringRecord) -> bool {
    let begin = record.position().map_or(0, |at| at.byte() as usize);
    let raw = text.get(begin..).unwrap_or_default().trim_start();
    let line = raw.lines().next().unwrap_or_default();
    let quoted = line
        .split([',', ';'])
        .any(|value| value.trim_start().starts_with('"'));
    record.iter().any(|value| value.contains(['\n', '\r']))
        || quoted && line.matches('"').count() % 2 == 1
}

fn in_words(error: &csv::Error, text: &str) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => format!(
            ":{}: this row has {len} values, the header has {expected_len}. A value with a comma in it \
             needs quotes around it",
            line_of(text, pos.as_ref())
        ),
        _ => format!(": {error}"),
    }
}

/// Where a record begins. The reader's own count stands before the line ends that it skips.
fn line_of(text: &str, position: Option<&csv::Position>) -> usize {
    let at = position.map_or(0, |position| position.byte() as usize);
    let (before, rest) = text.as_bytes().split_at(at.min(text.len()));
    let line_ends = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
    let skipped = rest
        .iter()
        .take_while(|byte| b"\r\n".contains(byte))
        .count();
    line_ends(before) + line_ends(&rest[..skipped]) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns {
        required: &["id"],
        optional: &["name", "due"],
    };

    fn parse(text: &[u8]) -> Result<Table> {
        Table::parse("class.csv", text, &COLUMNS)
    }

    fn ids(table: &Table) -> Vec<&str> {
        table
            .rows
            .iter()
            .filter_map(|row| table.get(row, "id"))
            .collect()
    }

    fn refusal(text: &[u8]) -> String {
        parse(text).err().expect("it is refused").to_string()
    }

    #[test]
    fn what_a_spreadsheet_saves_is_read() {
        let plain = parse(b"id,name\ns1,Ada\ns2,\"Byron, A.\"\n").unwrap();
        let spreadsheet =
            parse(b"\xef\xbb\xbfId;Name\r\ns1 ; Ada\r\n;\r\n\r\ns2;\"Byron, A.\"\r\n").unwrap();
        for table in [&plain, &spreadsheet] {
            assert_eq!(ids(table), ["s1", "s2"]);
            assert_eq!(table.get(&table.rows[1], "name"), Some("Byron, A."));
            assert_eq!(table.get(&table.rows[0], "due"), None);
        }
        assert_eq!(spreadsheet.rows[1].line, 5);
        let quotes = parse(b"id,name\ns1,\"Ada \"\"A\"\", L.\"\ns2,5\"\n").unwrap();
        assert_eq!(quotes.get(&quotes.rows[0], "name"), Some("Ada \"A\", L."));
        assert_eq!(quotes.get(&quotes.rows[1], "name"), Some("5\""));
    }

    #[test]
    fn columns_that_nobody_reads_are_told() {
        let table = parse(b"id,submited_at,name\ns1,x,y\n").unwrap();
        assert_eq!(table.unread(&COLUMNS), ["submited_at"]);
    }

    #[test]
    fn each_refusal_names_the_place() {
        assert!(refusal(b"s1,Ada\ns2,Bob\n").contains("none of them is `id`"));
        assert!(refusal(b"").contains("none of them is `id`"));
        assert!(refusal(b"id,id\n").contains("`id` twice"));
        assert!(refusal(b"id,name\ns1\n").contains("class.csv:2: this row has 1 values"));
        assert!(refusal(b"id,name\ns1,Ren\xe9e\n").contains("class.csv:2: this is not UTF-8"));
        assert!(refusal(b"\xff\xfei\0d\0").contains("UTF-16"));
        for open in [
            &b"id,name\nalice,\"Al\nbob,Bob\n"[..],
            b"id,name\nalice,\"Al\nbob,\"Bob\"\n",
            b"id,name\nalice,\"Al",
            b"id,name\r\nalice,\"Al\r\nbob,Bob\r\ncarol,Carol",
        ] {
            assert!(refusal(open).starts_with("class.csv:2: a quote"));
        }
    }

    #[test]
    fn a_time_needs_its_offset() {
        let table = parse(b"id,due\ns1,2026-11-01T23:59:00+09:00\ns2,2026-11-01 23:59\n").unwrap();
        let due = table.time(&table.rows[0], "due").unwrap().unwrap();
        assert_eq!(due.to_string(), "2026-11-01T14:59:00Z");
        let problem = table.time(&table.rows[1], "due").unwrap_err().to_string();
        assert!(problem.starts_with("class.csv:3: due: \"2026-11-01 23:59\" is not a time"));
    }
}
