//! The rows. Each says what the server does and what must come of it.

use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use andon_domain::PortErrorKind::{
    self, Forbidden, NotFound, Protocol, Rejected, TimedOut, Unauthorized, Unavailable,
};
use serde_json::Value;
use url::Url;

use crate::systems::{BOTH, HEALTH, System};
use crate::upstream::{Asked, Script, Step, answer, head, json};

const SAP: &[System] = &[System::Sap];
const MES: &[System] = &[System::Mes];

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

/// Makes the script for a system; the address is that of another host, which nobody may call.
type MakeScript = Box<dyn Fn(System, &Url) -> Script>;

/// A row.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) systems: &'static [System],
    pub(crate) script: MakeScript,
    pub(crate) expected: Expected,
    /// More requests than this would be a storm.
    pub(crate) most_calls: Option<usize>,
    /// The credentials were refused: nothing more may be sent with them.
    pub(crate) is_refused_logon: bool,
}

fn case(
    name: &'static str,
    systems: &'static [System],
    expected: Expected,
    script: impl Fn(System, &Asked) -> Vec<Step> + Send + Sync + Clone + 'static,
) -> Case {
    Case {
        name,
        systems,
        script: Box::new(move |system, _| {
            let script = script.clone();
            Arc::new(move |asked: &Asked| match asked.target.contains("/health") {
                // What a MES offers is learnt first; the case is about the list.
                true => json(HEALTH),
                false => script(system, asked),
            })
        }),
        expected,
        most_calls: Some(12),
        is_refused_logon: false,
    }
}

/// A case that leads to another host.
fn astray(
    name: &'static str,
    systems: &'static [System],
    expected: Expected,
    script: impl Fn(System, &str) -> Vec<Step> + Send + Sync + Clone + 'static,
) -> Case {
    Case {
        name,
        systems,
        script: Box::new(move |system, elsewhere| {
            let (script, elsewhere) = (script.clone(), elsewhere.to_string());
            Arc::new(move |asked: &Asked| match asked.target.contains("/health") {
                true => json(HEALTH),
                false => script(system, &elsewhere),
            })
        }),
        expected,
        most_calls: Some(12),
        is_refused_logon: false,
    }
}

fn healthy(system: System) -> Vec<Step> {
    json(&system.page(&[system.record()], None))
}

fn body(text: impl AsRef<[u8]>) -> Vec<Step> {
    answer(200, &[("content-type", "application/json")], text.as_ref())
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// 200 MiB of zeros, made once and piece by piece, so that only the reader could be the one that grows.
fn zeros() -> &'static [u8] {
    static ZEROS: OnceLock<Vec<u8>> = OnceLock::new();
    ZEROS.get_or_init(|| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let piece = vec![b'0'; 64 * 1024];
        for _ in 0..3_200 {
            encoder.write_all(&piece).unwrap();
        }
        encoder.finish().unwrap()
    })
}

/// All rows.
pub(crate) fn cases() -> Vec<Case> {
    // Before any clock runs.
    zeros();
    let mut all = later();
    all.extend(slow());
    all.extend(broken_bodies());
    all.extend(bombs());
    all.extend(odd_values());
    all.extend(leading_astray());
    all.extend(logons());
    all
}

/// Systems that ask for patience.
fn later() -> Vec<Case> {
    vec![
        case(
            "429 twice, then well",
            BOTH,
            Expected::Records(1),
            |system, asked| match asked.number {
                1 | 2 => answer(429, &[("retry-after", "0")], b""),
                _ => healthy(system),
            },
        ),
        case(
            "503 with a date to come back",
            BOTH,
            Expected::Records(1),
            |system, asked| match asked.number {
                1 => answer(
                    503,
                    &[
                        ("date", "Mon, 22 Jun 2026 12:00:00 GMT"),
                        ("retry-after", "Mon, 22 Jun 2026 12:00:00 GMT"),
                    ],
                    b"",
                ),
                _ => healthy(system),
            },
        ),
        case("503 for ever", BOTH, Expected::Error(&[Unavailable]), |_, _| {
            answer(503, &[], b"")
        }),
        case(
            "429 that asks for an hour",
            BOTH,
            Expected::Error(&[Unavailable, TimedOut]),
            |_, _| answer(429, &[("retry-after", "3600")], b""),
        ),
        case(
            "a retry-after nobody can read",
            BOTH,
            Expected::Records(1),
            |system, asked| match asked.number {
                1 => answer(503, &[("retry-after", "soon\u{e9}")], b""),
                _ => healthy(system),
            },
        ),
        case(
            "500 with a page of HTML",
            BOTH,
            Expected::Error(&[Unavailable, Rejected, Protocol]),
            |_, _| {
                answer(
                    500,
                    &[("content-type", "text/html")],
                    b"<html><body>dump</body></html>",
                )
            },
        ),
        case("404 with nothing", BOTH, Expected::Error(&[NotFound]), |_, _| {
            answer(404, &[], b"")
        }),
        case("403", BOTH, Expected::Error(&[Forbidden]), |_, _| {
            answer(403, &[], b"")
        }),
    ]
}

/// Systems that take their time.
fn slow() -> Vec<Case> {
    vec![
        case(
            "accepts and says nothing",
            BOTH,
            Expected::Error(&[TimedOut, Unavailable]),
            |_, _| vec![Step::Stall],
        ),
        case(
            "closes without a word",
            BOTH,
            Expected::Error(&[Unavailable]),
            |_, _| vec![],
        ),
        case(
            "stops within the headers",
            BOTH,
            Expected::Error(&[TimedOut, Unavailable]),
            |_, _| vec![Step::Say(b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec()), Step::Stall],
        ),
        case(
            "stops within the body",
            BOTH,
            Expected::Error(&[TimedOut, Unavailable]),
            |system, _| {
                let text = system.page(&[system.record()], None);
                let begun = format!(
                    "{}{}",
                    head(
                        200,
                        &[("content-type", "application/json"), ("content-length", "90000")]
                    ),
                    &text[..40]
                );
                vec![Step::Say(begun.into_bytes()), Step::Stall]
            },
        ),
        case(
            "one byte every tenth of a second",
            BOTH,
            Expected::Error(&[TimedOut, Unavailable]),
            |_, _| {
                let mut steps = vec![Step::Say(head(200, &[("content-length", "900000")]).into_bytes())];
                for _ in 0..200 {
                    steps.extend([Step::Say(b"[".to_vec()), Step::Wait(Duration::from_millis(100))]);
                }
                steps
            },
        ),
        case(
            "slow once, then well",
            BOTH,
            Expected::Records(1),
            |system, asked| match asked.number {
                1 => vec![Step::Stall],
                _ => healthy(system),
            },
        ),
        case(
            "headers without end",
            BOTH,
            Expected::Error(&[Unavailable, Protocol, TimedOut]),
            |_, _| {
                vec![
                    Step::Say(b"HTTP/1.1 200 OK\r\n".to_vec()),
                    Step::Repeat(b"x-more: and more\r\n".repeat(64)),
                ]
            },
        ),
    ]
}

/// Bodies that are not what they say.
fn broken_bodies() -> Vec<Case> {
    vec![
        case(
            "cut in the middle",
            BOTH,
            Expected::Error(&[Unavailable]),
            |system, _| {
                let text = system.page(&[system.record()], None);
                let begun = format!(
                    "{}{}",
                    head(200, &[("content-length", &(text.len() + 500).to_string())]),
                    text
                );
                vec![Step::Say(begun.into_bytes())]
            },
        ),
        case(
            "a length that is too short",
            BOTH,
            Expected::Error(&[Protocol]),
            |system, _| {
                let text = system.page(&[system.record()], None);
                let begun = format!("{}{}", head(200, &[("content-length", "30")]), text);
                vec![Step::Say(begun.into_bytes())]
            },
        ),
        case(
            "two lengths that differ",
            BOTH,
            Expected::Error(&[Unavailable, Protocol]),
            |system, _| {
                let text = system.page(&[system.record()], None);
                let begun = format!(
                    "{}{}",
                    head(200, &[("content-length", "30"), ("content-length", "31")]),
                    text
                );
                vec![Step::Say(begun.into_bytes())]
            },
        ),
        case(
            "not HTTP at all",
            BOTH,
            Expected::Error(&[Unavailable, Protocol]),
            |_, _| vec![Step::Say(b"SSH-2.0-OpenSSH_9\r\n".to_vec())],
        ),
        case(
            "a logon page with 200",
            BOTH,
            Expected::Error(&[Protocol, Unauthorized]),
            |_, _| {
                answer(
                    200,
                    &[("content-type", "text/html")],
                    b"<!DOCTYPE html><html><form action='/login'>user</form></html>",
                )
            },
        ),
        case(
            "HTML that says it is JSON",
            BOTH,
            Expected::Error(&[Protocol, Unauthorized]),
            |_, _| body("<html><body>sign in</body></html>"),
        ),
        case("nothing with 200", BOTH, Expected::Error(&[Protocol]), |_, _| {
            body("")
        }),
        case(
            "JSON cut by the system itself",
            BOTH,
            Expected::Error(&[Protocol]),
            |system, _| {
                let text = system.page(&[system.record()], None);
                body(&text[..text.len() - 9])
            },
        ),
        case(
            "something after the end",
            BOTH,
            Expected::Error(&[Protocol]),
            |system, _| body(format!("{} and more", system.page(&[], None))),
        ),
        case("a byte order mark", BOTH, Expected::Records(1), |system, _| {
            body(format!("\u{feff}{}", system.page(&[system.record()], None)))
        }),
        case(
            "bytes that are no UTF-8",
            BOTH,
            Expected::Error(&[Protocol]),
            |system, _| {
                let text = system
                    .page(&[system.record()], None)
                    .replace("HX-220", "\u{1}")
                    .replace("Mill 1", "\u{1}");
                body(
                    text.bytes()
                        .map(|byte| if byte == 1 { 0xff } else { byte })
                        .collect::<Vec<u8>>(),
                )
            },
        ),
        case(
            "the list twice",
            BOTH,
            Expected::Error(&[Protocol]),
            |system, _| match system {
                System::Sap => body(r#"{"d":{"results":[]},"d":{"results":[]}}"#),
                System::Mes => body(r#"{"items":[],"items":[],"next_cursor":null}"#),
            },
        ),
        case("another shape", BOTH, Expected::Error(&[Protocol]), |_, _| {
            body(r#"{"value":[1,2,3]}"#)
        }),
        case(
            "a list instead of an object",
            BOTH,
            Expected::Error(&[Protocol]),
            |_, _| body("[[[]]]"),
        ),
        case(
            "an encoding nobody asked for",
            BOTH,
            Expected::Error(&[Protocol]),
            |_, _| answer(200, &[("content-encoding", "br")], b"\x0b\x02\x80"),
        ),
        case("gzip that is none", BOTH, Expected::Error(&[Protocol]), |_, _| {
            answer(200, &[("content-encoding", "gzip")], b"not gzip at all")
        }),
        case("gzip that is right", BOTH, Expected::Records(1), |system, _| {
            answer(
                200,
                &[("content-encoding", "gzip")],
                &gzip(system.page(&[system.record()], None).as_bytes()),
            )
        }),
        case(
            "gzip that is cut",
            BOTH,
            Expected::Error(&[Protocol, Unavailable]),
            |system, _| {
                let whole = gzip(system.page(&[system.record(); 50], None).as_bytes());
                answer(200, &[("content-encoding", "gzip")], &whole[..whole.len() / 2])
            },
        ),
    ]
}

/// Bodies that would fill the memory.
fn bombs() -> Vec<Case> {
    vec![
        case(
            "a body without end",
            BOTH,
            Expected::Error(&[Protocol]),
            |_, _| {
                vec![
                    Step::Say(head(200, &[("content-type", "application/json")]).into_bytes()),
                    Step::Say(b"{\"d\":{\"results\":[".to_vec()),
                    Step::Repeat(b" ".repeat(64 * 1024)),
                ]
            },
        ),
        case(
            "200 MiB of zeros in gzip",
            BOTH,
            Expected::Error(&[Protocol]),
            |_, _| answer(200, &[("content-encoding", "gzip")], zeros()),
        ),
        case(
            "nested 100,000 deep",
            BOTH,
            Expected::Error(&[Protocol]),
            |_, _| body("[".repeat(100_000)),
        ),
        case(
            "nested 65 deep within a field",
            BOTH,
            Expected::Error(&[Protocol]),
            |system, _| {
                let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
                let record = system.record().replacen('{', &format!("{{\"x\":{deep},"), 1);
                body(system.page(&[&record], None))
            },
        ),
        case(
            "a text of two MiB in a field",
            BOTH,
            Expected::Shown(|records| at_most(records, 1)),
            |system, _| {
                let record = system.record().replacen(
                    '{',
                    &format!("{{\"x\":\"{}\",", "y".repeat(2 * 1024 * 1024)),
                    1,
                );
                body(system.page(&[&record], None))
            },
        ),
    ]
}

/// Records that a system should not send.
fn odd_values() -> Vec<Case> {
    vec![
        case(
            "nulls in every field but the key",
            SAP,
            Expected::Shown(|records| field(records, "net_value", &Value::Null)),
            |system, _| {
                body(system.page(&[r#"{"PurchaseOrder":"1","Supplier":null,"DocumentCurrency":null,"PurchasingProcessingStatus":null,"PurchaseOrderDate":null,"LastChangeDateTime":null,"to_PurchaseOrderItem":{"results":[{"PurchaseOrderItem":"10","OrderQuantity":null,"NetPriceAmount":null,"NetPriceQuantity":null}]}}"#], None))
            },
        ),
        case(
            "nulls in every field but the key",
            MES,
            Expected::Shown(|records| incomplete(records, "status")),
            |system, _| {
                body(system.page(&[r#"{"machine_id":"M-01","status":null,"status_since":null,"observed_at":null,"updated_at":null,"version":null,"counters":null,"alarms":null}"#], None))
            },
        ),
        case("no key", MES, Expected::Records(0), |system, _| {
            body(system.page(&[r#"{"status":"running","version":1}"#], None))
        }),
        case(
            "fields and words nobody knows",
            SAP,
            Expected::Shown(|records| field(records, "status", &"unknown".into())),
            |system, _| {
                body(system.page(&[r#"{"PurchaseOrder":"1","PurchasingProcessingStatus":"ZZ","NewField":{"a":[1]},"to_PurchaseOrderItem":{"results":[]}}"#], None))
            },
        ),
        case(
            "fields and words nobody knows",
            MES,
            Expected::Shown(|records| field(records, "status", &"unknown".into())),
            |system, _| {
                body(
                    system.page(
                        &[&system.record().replace("running", "Tanzt").replacen(
                            '{',
                            r#"{"new":{"a":[1]},"#,
                            1,
                        )],
                        None,
                    ),
                )
            },
        ),
        case(
            "the year 1",
            SAP,
            Expected::Shown(|records| field(records, "order_date", &"0001-01-01".into())),
            |system, _| {
                body(system.page(
                    &[&system.record().replace("1782086400000", "-62135596800000")],
                    None,
                ))
            },
        ),
        case(
            "the year 9999",
            SAP,
            Expected::Shown(|records| field(records, "order_date", &"9999-12-31".into())),
            |system, _| {
                body(system.page(
                    &[&system.record().replace("1782086400000", "253402214400000")],
                    None,
                ))
            },
        ),
        case(
            "a date beyond every calendar",
            SAP,
            Expected::Shown(|records| field(records, "order_date", &Value::Null)),
            |system, _| {
                body(system.page(
                    &[&system.record().replace("1782086400000", "99999999999999999")],
                    None,
                ))
            },
        ),
        case(
            "a negative offset",
            SAP,
            Expected::Shown(|records| field(records, "order_date", &"2026-06-22".into())),
            |system, _| {
                body(system.page(
                    &[&system.record().replace("1782086400000", "1782086400000-0330")],
                    None,
                ))
            },
        ),
        case(
            "a time without its offset",
            MES,
            Expected::Shown(|records| incomplete(records, "status_since")),
            |system, _| {
                body(
                    system.page(
                        &[&system
                            .record()
                            .replacen("2026-06-22T10:00:00Z", "2026-06-22T10:00:00", 1)],
                        None,
                    ),
                )
            },
        ),
        case(
            "a time in the hour that a summer's end repeats",
            MES,
            Expected::Shown(|records| field(records, "status_since", &"2026-10-25T01:30:00.000Z".into())),
            |system, _| {
                body(
                    system.page(
                        &[&system
                            .record()
                            .replacen("2026-06-22T10:00:00Z", "2026-10-25T02:30:00+01:00", 1)],
                        None,
                    ),
                )
            },
        ),
        case(
            "years 1 and 9999, and an unknown offset",
            MES,
            Expected::Records(3),
            |system, _| {
                let with = |id: &str, time: &str| {
                    system
                        .record()
                        .replacen("M-01", id, 1)
                        .replacen("2026-06-22T10:00:00Z", time, 1)
                };
                let all = [
                    with("A", "0001-01-01T00:00:00Z"),
                    with("B", "9999-12-31T23:59:59Z"),
                    with("C", "2026-06-22T10:00:00-00:00"),
                ];
                body(system.page(&all.each_ref().map(String::as_str), None))
            },
        ),
        case(
            "the same machine twice, the older one last",
            MES,
            Expected::Shown(|records| one_with(records, "version", &7.into())),
            |system, _| {
                let newer = system.record().replace("\"version\":3", "\"version\":7");
                body(system.page(&[&newer, system.record()], None))
            },
        ),
        case(
            "a price for nothing",
            SAP,
            Expected::Shown(|records| field(records, "net_value", &Value::Null)),
            |system, _| {
                body(
                    system.page(
                        &[&system
                            .record()
                            .replace("\"NetPriceQuantity\":\"1\"", "\"NetPriceQuantity\":\"0\"")],
                        None,
                    ),
                )
            },
        ),
        case(
            "a quantity of 40 digits",
            SAP,
            Expected::Shown(|records| field(records, "net_value", &Value::Null)),
            |system, _| {
                body(
                    system.page(
                        &[&system
                            .record()
                            .replace("10.000", "1234567890123456789012345678901234567890.5")],
                        None,
                    ),
                )
            },
        ),
    ]
}

/// Links, cursors and redirects that lead elsewhere or nowhere.
fn leading_astray() -> Vec<Case> {
    let mut all = vec![
        astray(
            "a next link to another host",
            SAP,
            Expected::Error(&[Protocol]),
            |system, elsewhere| {
                json(&system.page(
                    &[system.record()],
                    Some(&format!("{elsewhere}evil/A_PurchaseOrder?$skiptoken=2")),
                ))
            },
        ),
        astray(
            "a redirect to another host",
            BOTH,
            Expected::Error(&[Protocol, Unauthorized]),
            |_, elsewhere| answer(302, &[("location", elsewhere)], b""),
        ),
        astray(
            "a redirect to the metadata of a cloud",
            BOTH,
            Expected::Error(&[Protocol, Unauthorized]),
            |_, _| {
                answer(
                    307,
                    &[("location", "http://169.254.169.254/latest/meta-data")],
                    b"",
                )
            },
        ),
        case(
            "a next link to itself",
            SAP,
            Expected::Error(&[Protocol]),
            |system, asked| {
                json(&system.page(
                    &[system.record()],
                    Some(asked.target.split('?').next().unwrap_or_default()),
                ))
            },
        ),
        case("the same cursor for ever", MES, Expected::Cut(1), |system, _| {
            json(&system.page(&[system.record()], Some("again")))
        }),
        case(
            "cookies that change with each answer",
            BOTH,
            Expected::Records(1),
            |system, asked| {
                let cookie = format!("SAP_SESSIONID_X_100={}; path=/", asked.number);
                if asked.head.to_ascii_lowercase().contains("\r\ncookie:") {
                    return answer(400, &[], b"a read brings no cookies");
                }
                let text = system.page(&[system.record()], None);
                answer(
                    200,
                    &[("content-type", "application/json"), ("set-cookie", &cookie)],
                    text.as_bytes(),
                )
            },
        ),
    ];
    let mut empty = case(
        "thousands of empty pages",
        SAP,
        Expected::Cut(0),
        |system, asked| {
            let target = asked.target.split('?').next().unwrap_or_default();
            json(&system.page(&[], Some(&format!("{target}?$skiptoken={}", asked.number))))
        },
    );
    empty.most_calls = Some(1_100);
    let mut pages = case(
        "thousands of pages without a record",
        MES,
        Expected::Cut(0),
        |system, asked| json(&system.page(&[], Some(&format!("c{}", asked.number)))),
    );
    pages.most_calls = Some(1_100);
    all.extend([empty, pages]);
    all
}

/// Logons that are refused, and clocks that are off.
fn logons() -> Vec<Case> {
    let mut refused = case("401 for ever", BOTH, Expected::Error(&[Unauthorized]), |_, _| {
        answer(401, &[("www-authenticate", "Basic")], b"")
    });
    // Each further attempt would bring the user nearer to being locked.
    refused.most_calls = Some(2);
    refused.is_refused_logon = true;
    vec![
        refused,
        case(
            "a clock ten years off",
            BOTH,
            Expected::Records(1),
            |system, _| {
                let text = system
                    .page(&[system.record()], None)
                    .replace("2026-06-22T12:00:00Z", "2036-06-22T12:00:00Z");
                answer(
                    200,
                    &[
                        ("content-type", "application/json"),
                        ("date", "Sun, 22 Jun 2036 12:00:00 GMT"),
                    ],
                    text.as_bytes(),
                )
            },
        ),
    ]
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
