//! The table: a row says what the server does and what must come of it, whichever list is read from it.

mod beside;
mod body;
mod bombs;
mod identity;
mod paging;
mod records;
mod slow;
mod status;

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use andon_domain::PortErrorKind;
use serde_json::Value;
use url::Url;

use crate::systems::Read;
use crate::upstream::{Asked, Script, Step, answer, json};

type Looks = fn(&[Value]) -> Result<(), String>;

/// What must come of a case.
pub(crate) enum Expected {
    /// So many records.
    Records(usize),
    /// A cut list of at least so many records, said to be cut.
    Cut(usize),
    /// Records that look so.
    Shown(Looks),
    /// A failure of one of these kinds.
    Error(&'static [PortErrorKind]),
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records(count) => write!(f, "{count} records"),
            Self::Cut(least) => write!(f, "a cut list of at least {least}"),
            Self::Shown(_) => f.write_str("records of a certain look"),
            Self::Error(kinds) => write!(f, "{kinds:?}"),
        }
    }
}

/// Makes the script for a list; the address is that of another host, which nobody may call.
type MakeScript = Box<dyn Fn(Read, &Url) -> Script>;

/// A row.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) reads: &'static [Read],
    pub(crate) script: MakeScript,
    pub(crate) expected: Expected,
    /// More requests than this would be a storm.
    pub(crate) most_calls: Option<usize>,
    /// The credentials were refused: nothing more may be sent with them.
    pub(crate) is_refused_logon: bool,
    /// Mostly waiting, so all lists go through it at once.
    pub(crate) is_slow: bool,
}

impl Case {
    fn calls(self, most: usize) -> Self {
        Self {
            most_calls: Some(most),
            ..self
        }
    }
}

/// All rows.
pub(crate) fn cases() -> Vec<Case> {
    let mut all = status::rows();
    all.extend(slow::rows().into_iter().map(|case| Case {
        is_slow: true,
        ..case
    }));
    all.extend(body::rows());
    all.extend(bombs::rows());
    all.extend(records::rows());
    all.extend(paging::rows());
    all.extend(beside::rows());
    all.extend(identity::rows());
    all
}

fn case(
    name: &'static str,
    reads: &'static [Read],
    expected: Expected,
    script: impl Fn(Read, &Asked) -> Vec<Step> + Send + Sync + Clone + 'static,
) -> Case {
    astray(name, reads, expected, move |read, asked, _| script(read, asked))
}

/// A case about everything that is asked, also beside the list.
fn whole(
    name: &'static str,
    reads: &'static [Read],
    expected: Expected,
    script: impl Fn(Read, &Asked) -> Vec<Step> + Send + Sync + Clone + 'static,
) -> Case {
    Case {
        script: Box::new(move |read, _| {
            let script = script.clone();
            Arc::new(move |asked: &Asked| script(read, asked))
        }),
        ..case(name, reads, expected, |_, _| Vec::new())
    }
}

/// A case that leads to another host.
fn astray(
    name: &'static str,
    reads: &'static [Read],
    expected: Expected,
    script: impl Fn(Read, &Asked, &str) -> Vec<Step> + Send + Sync + Clone + 'static,
) -> Case {
    Case {
        name,
        reads,
        script: Box::new(move |read, elsewhere| {
            let (script, elsewhere) = (script.clone(), elsewhere.to_string());
            Arc::new(move |asked: &Asked| match read.beside(asked) {
                // The case is about the list, not about what is asked beside it.
                Some(steps) => steps,
                None => script(read, asked, &elsewhere),
            })
        }),
        expected,
        most_calls: Some(12),
        is_refused_logon: false,
        is_slow: false,
    }
}

fn healthy(read: Read) -> Vec<Step> {
    json(&read.page(&[read.record()], None))
}

fn body(text: impl AsRef<[u8]>) -> Vec<Step> {
    answer(200, &[("content-type", "application/json")], text.as_ref())
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn at_most(records: &[Value], most: usize) -> Result<(), String> {
    if records.len() <= most {
        Ok(())
    } else {
        Err(format!("{} records", records.len()))
    }
}

fn field(records: &[Value], name: &str, value: &Value) -> Result<(), String> {
    match records {
        [record] if record[name] == *value => Ok(()),
        other => Err(format!("{name} is not {value}: {other:?}")),
    }
}

fn one_with(records: &[Value], name: &str, value: &Value) -> Result<(), String> {
    field(records, name, value)
}

fn incomplete(records: &[Value], name: &str) -> Result<(), String> {
    let says = |record: &Value| {
        record["incomplete"].as_array().is_some_and(|notes| {
            notes
                .iter()
                .any(|note| note.as_str().is_some_and(|text| text.contains(name)))
        })
    };
    match records {
        [record] if says(record) => Ok(()),
        other => Err(format!("{name} is not named as incomplete: {other:?}")),
    }
}
