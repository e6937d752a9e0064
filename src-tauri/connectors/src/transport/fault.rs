//! What a request without a usable answer means: whether it can have reached the system, whether another attempt makes
//! sense, and the words for it. Hosts and addresses go to the detail, which only the log sees.

use std::error::Error as _;

use andon_domain::{PortError, PortErrorKind, System};

use super::body::BodyFault;
use super::call::{Failure, Sent};
use super::outage::{Evidence, IsDown};
use super::resolver::ForbiddenAddress;

/// An answer has more bytes than are read. Asking for less may help.
pub(crate) const TOO_LARGE: &str = "answer_too_large";

/// The time for it was over.
pub(super) fn timed_out(system: System, message: &str) -> Failure {
    Failure::unanswered(PortError::new(system, PortErrorKind::TimedOut, message))
}

/// The system is known to be down, so it was not asked.
pub(super) fn is_down(system: System, down: IsDown) -> PortError {
    let since = down.since;
    let next = match down.next_in {
        Some(pause) => format!("the next probe is due in {} s", pause.as_secs_f64().ceil()),
        None => "a probe is under way".to_owned(),
    };
    let message = format!("has not answered since {since} and is not asked again before a probe; {next}");
    PortError {
        attempts: 0,
        ..PortError::new(system, PortErrorKind::Unavailable, message)
    }
}

/// The body could not be read to its end.
pub(super) fn unreadable(system: System, fault: &BodyFault, status: u16) -> Failure {
    let (kind, message) = match fault {
        BodyFault::Silent => (PortErrorKind::TimedOut, "stopped answering"),
        BodyFault::Cut(_) => (
            PortErrorKind::Unavailable,
            "closed the connection within the answer",
        ),
        BodyFault::TooLarge(_) | BodyFault::TooMany => {
            (PortErrorKind::Protocol, "answered with more than can be accepted")
        }
        BodyFault::Bomb => (PortErrorKind::Protocol, "answered with a decompression bomb"),
        BodyFault::TooDeep => (PortErrorKind::Protocol, "answered with data nested too deep"),
        BodyFault::Broken(_) | BodyFault::Encoding(_) => {
            (PortErrorKind::Protocol, "answered with an unreadable encoding")
        }
    };
    let error = PortError::new(system, kind, message).detail(format!("status {status}: {fault}"));
    let error = match fault {
        BodyFault::TooLarge(_) => error.code(TOO_LARGE),
        _ => error,
    };
    match kind {
        PortErrorKind::Protocol => Failure::of(error),
        _ => Failure::unanswered(error),
    }
}

/// There is no answer.
pub(super) fn broken(system: System, error: &reqwest::Error) -> Failure {
    let detail = chain(error);
    let (kind, message, evidence) = if error.is_builder() {
        (
            PortErrorKind::Invalid,
            "cannot be asked this way",
            Evidence::Nothing,
        )
    } else if has_forbidden_address(error) {
        (
            PortErrorKind::NotConfigured,
            "has a name that leads to a forbidden address",
            Evidence::Nothing,
        )
    } else if error.is_connect() && detail.contains("certificate") {
        (
            PortErrorKind::Unavailable,
            "shows a certificate that is not trusted",
            Evidence::Answered,
        )
    } else if error.is_connect() && error.is_timeout() {
        (
            PortErrorKind::Unavailable,
            "cannot be reached: no answer to the connection",
            Evidence::Unanswered,
        )
    } else if error.is_connect() {
        (
            PortErrorKind::Unavailable,
            "cannot be reached",
            Evidence::Unanswered,
        )
    } else {
        (
            PortErrorKind::Unavailable,
            "closed the connection without an answer",
            Evidence::Unanswered,
        )
    };
    let sent = match error.is_connect() || error.is_builder() {
        true => Sent::No,
        false => Sent::Maybe,
    };
    Failure {
        sent,
        may_help_to_retry: evidence == Evidence::Unanswered,
        evidence,
        ..Failure::of(PortError::new(system, kind, message).detail(detail))
    }
}

fn has_forbidden_address(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<ForbiddenAddress>() {
            return true;
        }
        source = inner.source();
    }
    false
}

/// All causes in one line, for the log.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
