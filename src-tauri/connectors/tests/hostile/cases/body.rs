//! Bodies that are not what they say.

use andon_domain::PortErrorKind::{Protocol, Unauthorized, Unavailable};

use super::{Case, Expected, body, case, gzip};
use crate::systems::{ALL, System};
use crate::upstream::{Step, answer, head};

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    vec![
        case(
            "cut in the middle",
            ALL,
            Expected::Error(&[Unavailable]),
            |read, _| {
                let text = read.page(&[read.record()], None);
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
            ALL,
            Expected::Error(&[Protocol]),
            |read, _| {
                let text = read.page(&[read.record()], None);
                let begun = format!("{}{}", head(200, &[("content-length", "30")]), text);
                vec![Step::Say(begun.into_bytes())]
            },
        ),
        case(
            "two lengths that differ",
            ALL,
            Expected::Error(&[Unavailable, Protocol]),
            |read, _| {
                let text = read.page(&[read.record()], None);
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
            ALL,
            Expected::Error(&[Unavailable, Protocol]),
            |_, _| vec![Step::Say(b"SSH-2.0-OpenSSH_9\r\n".to_vec())],
        ),
        case(
            "a logon page with 200",
            ALL,
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
            ALL,
            Expected::Error(&[Protocol, Unauthorized]),
            |_, _| body("<html><body>sign in</body></html>"),
        ),
        case("nothing with 200", ALL, Expected::Error(&[Protocol]), |_, _| {
            body("")
        }),
        case(
            "JSON cut by the system itself",
            ALL,
            Expected::Error(&[Protocol]),
            |read, _| {
                let text = read.page(&[read.record()], None);
                body(&text[..text.len() - 9])
            },
        ),
        case(
            "something after the end",
            ALL,
            Expected::Error(&[Protocol]),
            |read, _| body(format!("{} and more", read.page(&[], None))),
        ),
        case("a byte order mark", ALL, Expected::Records(1), |read, _| {
            body(format!("\u{feff}{}", read.page(&[read.record()], None)))
        }),
        case(
            "bytes that are no UTF-8",
            ALL,
            Expected::Error(&[Protocol]),
            |read, _| {
                let text = read
                    .page(&[read.record()], None)
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
            ALL,
            Expected::Error(&[Protocol]),
            |read, _| match read.system() {
                System::Sap => body(r#"{"d":{"results":[]},"d":{"results":[]}}"#),
                System::Mes => body(r#"{"items":[],"items":[],"next_cursor":null}"#),
            },
        ),
        case("another shape", ALL, Expected::Error(&[Protocol]), |_, _| {
            body(r#"{"value":[1,2,3]}"#)
        }),
        case(
            "a list instead of an object",
            ALL,
            Expected::Error(&[Protocol]),
            |_, _| body("[[[]]]"),
        ),
        case(
            "an encoding nobody asked for",
            ALL,
            Expected::Error(&[Protocol]),
            |_, _| answer(200, &[("content-encoding", "br")], b"\x0b\x02\x80"),
        ),
        case("gzip that is none", ALL, Expected::Error(&[Protocol]), |_, _| {
            answer(200, &[("content-encoding", "gzip")], b"not gzip at all")
        }),
        case("gzip that is right", ALL, Expected::Records(1), |read, _| {
            answer(
                200,
                &[("content-encoding", "gzip")],
                &gzip(read.page(&[read.record()], None).as_bytes()),
            )
        }),
        case(
            "gzip that is cut",
            ALL,
            Expected::Error(&[Protocol, Unavailable]),
            |read, _| {
                let whole = gzip(read.page(&[read.record(); 50], None).as_bytes());
                answer(200, &[("content-encoding", "gzip")], &whole[..whole.len() / 2])
            },
        ),
    ]
}
