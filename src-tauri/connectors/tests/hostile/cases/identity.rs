//! Logons that are refused, and clocks that are off.

use andon_domain::PortErrorKind::Unauthorized;

use super::{Case, Expected, case};
use crate::systems::ALL;
use crate::upstream::answer;

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    let mut refused = case("401 for ever", ALL, Expected::Error(&[Unauthorized]), |_, _| {
        answer(401, &[("www-authenticate", "Basic")], b"")
    });
    // Each further attempt would bring the user nearer to being locked.
    refused.most_calls = Some(2);
    refused.is_refused_logon = true;
    vec![
        refused,
        case("a clock ten years off", ALL, Expected::Records(1), |read, _| {
            let text = read
                .page(&[read.record()], None)
                .replace("2026-06-22T12:00:00Z", "2036-06-22T12:00:00Z");
            answer(
                200,
                &[
                    ("content-type", "application/json"),
                    ("date", "Sun, 22 Jun 2036 12:00:00 GMT"),
                ],
                text.as_bytes(),
            )
        }),
    ]
}
