//! Bodies that would fill the memory.

use std::io::Write as _;
use std::sync::OnceLock;

use andon_domain::PortErrorKind::{Protocol, Rejected};

use super::{Case, Expected, at_most, body, case};
use crate::systems::{ALL, MES, Read, System};
use crate::upstream::{Step, answer, head, json};

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    // Before any clock runs.
    zeros();
    vec![
        case("a body without end", ALL, Expected::Error(&[Protocol]), |_, _| {
            vec![
                Step::Say(head(200, &[("content-type", "application/json")]).into_bytes()),
                Step::Say(b"{\"d\":{\"results\":[".to_vec()),
                Step::Repeat(b" ".repeat(64 * 1024)),
            ]
        }),
        case(
            "200 MiB of zeros in gzip",
            ALL,
            Expected::Error(&[Protocol]),
            |_, _| answer(200, &[("content-encoding", "gzip")], zeros()),
        ),
        case(
            "nested 100,000 deep",
            ALL,
            Expected::Error(&[Protocol]),
            |_, _| body("[".repeat(100_000)),
        ),
        case(
            "nested 65 deep within a field",
            ALL,
            Expected::Error(&[Protocol]),
            |read, _| {
                let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
                let record = read.record().replacen('{', &format!("{{\"x\":{deep},"), 1);
                body(read.page(&[&record], None))
            },
        ),
        case(
            "a crowd of empty records",
            ALL,
            Expected::Error(&[Protocol]),
            |read, _| body(read.page(&["{}"], None).replace("{}", &many("{}", 100_000))),
        ),
        case(
            "thirty thousand records with nothing but a key",
            MES,
            Expected::Error(&[Protocol]),
            |read, _| {
                let keys = (0..30_000).map(|number| {
                    format!(r#"{{"id":"{number}","machine_id":"{number}","start":"2026-06-22T10:00:00Z"}}"#)
                });
                let keys: Vec<String> = keys.collect();
                body(read.page(&[&keys.join(",")], None))
            },
        ),
        case(
            "two million numbers for records",
            USUAL,
            Expected::Error(&[Protocol]),
            |read, _| body(read.page(&[&many("1", 2_000_000)], None)),
        ),
        case(
            "two million numbers in a field nobody reads",
            USUAL,
            Expected::Error(&[Protocol]),
            |read, _| {
                let field = format!("{{\"x\":[{}],", many("1", 2_000_000));
                body(read.page(&[&read.record().replacen('{', &field, 1)], None))
            },
        ),
        case(
            "a crowd of empty entries in a list of a record",
            WITH_LISTS,
            Expected::Error(&[Protocol]),
            |read, _| {
                let (name, entries) = (list_of(read), many("{}", 100_000));
                let list = match read.system() {
                    System::Sap => format!("{{\"{name}\":{{\"results\":[{entries}]}},"),
                    System::Mes => format!("{{\"{name}\":[{entries}],"),
                };
                let record = read.record().replacen(name, "told_already", 1);
                body(read.page(&[&record.replacen('{', &list, 1)], None))
            },
        ),
        case(
            "two million numbers for an error",
            USUAL,
            Expected::Error(&[Rejected, Protocol]),
            |_, asked| match asked.target.contains("$metadata") {
                true => answer(404, &[], b""),
                false => {
                    let text = format!("{{\"error\":{{\"code\":[{}]}}}}", many("1", 2_000_000));
                    answer(400, &[("content-type", "application/json")], text.as_bytes())
                }
            },
        ),
        case(
            "page after page with a megabyte of text in a record",
            &[
                Read::PurchaseOrders,
                Read::Inventory,
                Read::Machines,
                Read::ProductionOrders,
            ],
            Expected::Cut(0),
            |read, asked| {
                let text = "y".repeat(1_000_000);
                let record = read.record().replace("HX-220", &text).replace("Mill 1", &text);
                // A key of its own for each record, or the list would end with the first that is not new.
                let record = KEYS.iter().fold(record, |record, key| {
                    let (before, after) = (
                        format!("\"{key}\":\""),
                        format!("\"{key}\":\"{}", asked.number % 1_000_000),
                    );
                    record.replacen(&before, &after, 1)
                });
                let target = asked.target.split('?').next().unwrap_or_default();
                let next = match read.system() {
                    System::Sap => format!("{target}?$skiptoken={}", asked.number),
                    System::Mes => format!("c{}", asked.number),
                };
                json(&read.page(&[&record], Some(&next)))
            },
        )
        .calls(1_100),
        case(
            "a text of two MiB in a field",
            ALL,
            Expected::Shown(|records| at_most(records, 1)),
            |read, _| {
                let record =
                    read.record()
                        .replacen('{', &format!("{{\"x\":\"{}\",", "y".repeat(2 * 1024 * 1024)), 1);
                body(read.page(&[&record], None))
            },
        ),
    ]
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

/// The fields that make a record another one.
const KEYS: [&str; 6] = [
    "PurchaseOrder",
    "Material",
    "CostCenter",
    "Product",
    "machine_id",
    "id",
];

/// What is counted in a body is counted before anybody knows whose it is.
const USUAL: &[Read] = &[Read::PurchaseOrders, Read::Machines];

/// Those whose records have lists.
const WITH_LISTS: &[Read] = &[
    Read::PurchaseOrders,
    Read::CostCenters,
    Read::Materials,
    Read::Machines,
    Read::Quality,
    Read::Calendar,
];

/// A list within a record.
const fn list_of(read: Read) -> &'static str {
    match read {
        Read::PurchaseOrders => "to_PurchaseOrderItem",
        Read::CostCenters => "to_Text",
        Read::Materials => "to_Plant",
        Read::Machines => "alarms",
        Read::Quality => "defects",
        _ => "breaks",
    }
}

/// So many of them, as the entries of a list.
fn many(entry: &str, count: usize) -> String {
    let mut text = format!("{entry},").repeat(count);
    text.pop();
    text
}
