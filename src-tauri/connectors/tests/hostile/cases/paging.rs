//! Links, cursors and redirects that lead elsewhere or nowhere.

use andon_domain::PortErrorKind::{Protocol, Unauthorized};

use super::{Case, Expected, astray, case};
use crate::systems::{ALL, MES, Read, SAP};
use crate::upstream::{answer, json};

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    vec![
        astray(
            "a next link to another host",
            SAP,
            Expected::Error(&[Protocol]),
            |read, _, elsewhere| {
                json(&read.page(
                    &[read.record()],
                    Some(&format!("{elsewhere}evil/A_PurchaseOrder?$skiptoken=2")),
                ))
            },
        ),
        astray(
            "a redirect to another host",
            ALL,
            Expected::Error(&[Protocol, Unauthorized]),
            |_, _, elsewhere| answer(302, &[("location", elsewhere)], b""),
        ),
        astray(
            "a redirect to the metadata of a cloud",
            ALL,
            Expected::Error(&[Protocol, Unauthorized]),
            |_, _, _| {
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
            |read, asked| {
                json(&read.page(
                    &[read.record()],
                    Some(asked.target.split('?').next().unwrap_or_default()),
                ))
            },
        ),
        case("the same cursor for ever", MES, Expected::Cut(1), |read, _| {
            json(&read.page(&[read.record()], Some("again")))
        }),
        case(
            "cookies that change with each answer",
            ALL,
            Expected::Records(1),
            |read, asked| {
                let cookie = format!("SAP_SESSIONID_X_100={}; path=/", asked.number);
                if asked.head.to_ascii_lowercase().contains("\r\ncookie:") {
                    return answer(400, &[], b"a read brings no cookies");
                }
                let text = read.page(&[read.record()], None);
                answer(
                    200,
                    &[("content-type", "application/json"), ("set-cookie", &cookie)],
                    text.as_bytes(),
                )
            },
        ),
        case(
            "thousands of empty pages",
            &[Read::PurchaseOrders, Read::Inventory],
            Expected::Cut(0),
            |read, asked| {
                let target = asked.target.split('?').next().unwrap_or_default();
                json(&read.page(&[], Some(&format!("{target}?$skiptoken={}", asked.number))))
            },
        )
        .calls(1_100),
        case(
            "thousands of pages without a record",
            MES,
            Expected::Cut(0),
            |read, asked| json(&read.page(&[], Some(&format!("c{}", asked.number)))),
        ),
    ]
}
