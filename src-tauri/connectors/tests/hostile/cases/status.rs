//! Systems that ask for patience or refuse.

use andon_domain::PortErrorKind::{Forbidden, NotFound, Protocol, Rejected, TimedOut, Unavailable};

use super::{Case, Expected, case, healthy};
use crate::systems::ALL;
use crate::upstream::answer;

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    vec![
        case(
            "429 twice, then well",
            ALL,
            Expected::Records(1),
            |read, asked| match asked.number {
                1 | 2 => answer(429, &[("retry-after", "0")], b""),
                _ => healthy(read),
            },
        ),
        case(
            "503 with a date to come back",
            ALL,
            Expected::Records(1),
            |read, asked| match asked.number {
                1 => answer(
                    503,
                    &[
                        ("date", "Mon, 22 Jun 2026 12:00:00 GMT"),
                        ("retry-after", "Mon, 22 Jun 2026 12:00:00 GMT"),
                    ],
                    b"",
                ),
                _ => healthy(read),
            },
        ),
        case("503 for ever", ALL, Expected::Error(&[Unavailable]), |_, _| {
            answer(503, &[], b"")
        }),
        case(
            "429 that asks for an hour",
            ALL,
            Expected::Error(&[Unavailable, TimedOut]),
            |_, _| answer(429, &[("retry-after", "3600")], b""),
        ),
        case(
            "a retry-after nobody can read",
            ALL,
            Expected::Records(1),
            |read, asked| match asked.number {
                1 => answer(503, &[("retry-after", "soon\u{e9}")], b""),
                _ => healthy(read),
            },
        ),
        case(
            "500 with a page of HTML",
            ALL,
            Expected::Error(&[Unavailable, Rejected, Protocol]),
            |_, _| {
                answer(
                    500,
                    &[("content-type", "text/html")],
                    b"<html><body>dump</body></html>",
                )
            },
        ),
        case("404 with nothing", ALL, Expected::Error(&[NotFound]), |_, _| {
            answer(404, &[], b"")
        }),
        case("403", ALL, Expected::Error(&[Forbidden]), |_, _| {
            answer(403, &[], b"")
        }),
    ]
}
