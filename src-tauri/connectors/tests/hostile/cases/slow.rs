//! Systems that take their time.

use std::time::Duration;

use andon_domain::PortErrorKind::{Protocol, TimedOut, Unavailable};

use super::{Case, Expected, case, healthy};
use crate::systems::ALL;
use crate::upstream::{Step, head};

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    vec![
        case(
            "accepts and says nothing",
            ALL,
            Expected::Error(&[TimedOut, Unavailable]),
            |_, _| vec![Step::Stall],
        ),
        case(
            "closes without a word",
            ALL,
            Expected::Error(&[Unavailable]),
            |_, _| vec![],
        ),
        case(
            "stops within the headers",
            ALL,
            Expected::Error(&[TimedOut, Unavailable]),
            |_, _| vec![Step::Say(b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec()), Step::Stall],
        ),
        case(
            "stops within the body",
            ALL,
            Expected::Error(&[TimedOut, Unavailable]),
            |read, _| {
                let text = read.page(&[read.record()], None);
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
            ALL,
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
            ALL,
            Expected::Records(1),
            |read, asked| match asked.number {
                1 => vec![Step::Stall],
                _ => healthy(read),
            },
        ),
        case(
            "headers without end",
            ALL,
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
