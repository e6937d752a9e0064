//! The states of a request and the arrows between them. Anything not listed here is not an arrow.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for people.
    Pending,
    /// Approved by everybody it needs; waits for its undo window to end.
    Approved,
    /// Somebody said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// The agent took it back.
    Cancelled,
    /// This console has taken it for sending.
    Claimed,
    /// On disk before the first byte leaves: from here it may have reached the system.
    Dispatched,
    /// The system did it.
    Succeeded,
    /// The system refused it, or it was never sent.
    Failed,
    /// Whether it happened is not known; a person settles it.
    Unknown,
}

impl State {
    /// All states, for tests and tables.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Approved,
        Self::Denied,
        Self::Expired,
        Self::Cancelled,
        Self::Claimed,
        Self::Dispatched,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
    ];

    /// The lower-case word in the journal and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Claimed => "claimed",
            Self::Dispatched => "dispatched",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word; `None` for anything else.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the arrow from this state to `next` exists. Staying is allowed only in `Pending` (a first vote of two, more
    /// time) and in `Unknown` (a read-back that found nothing certain).
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Pending | Self::Approved | Self::Denied | Self::Expired | Self::Cancelled)
                // Undo returns it to the queue; a deny that comes before sending wins; a late approval is not sent.
                | (Self::Approved, Self::Pending | Self::Denied | Self::Claimed | Self::Failed)
                // A claim that fails its last checks was never sent; a crash gives the claim back; a deny still wins.
                | (Self::Claimed, Self::Dispatched | Self::Failed | Self::Approved | Self::Denied)
                | (Self::Dispatched, Self::Succeeded | Self::Failed | Self::Unknown)
                | (Self::Unknown, Self::Unknown | Self::Succeeded | Self::Failed)
        )
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Denied | Self::Expired | Self::Cancelled | Self::Succeeded | Self::Failed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_states_have_no_way_out() {
        for from in State::ALL {
            for to in State::ALL {
                if from.is_settled() {
                    assert!(!from.may_become(to), "{from:?} must stay");
                }
            }
        }
    }

    #[test]
    fn dispatched_is_reached_from_claimed_only_and_never_left_for_another_try() {
        for from in State::ALL {
            assert_eq!(
                from.may_become(State::Dispatched),
                from == State::Claimed,
                "{from:?}"
            );
        }
        for back in [State::Pending, State::Approved, State::Claimed, State::Dispatched] {
            assert!(!State::Dispatched.may_become(back) && !State::Unknown.may_become(back));
        }
    }

    #[test]
    fn a_deny_wins_until_it_is_dispatched_and_never_after() {
        for from in State::ALL {
            let may = matches!(from, State::Pending | State::Approved | State::Claimed);
            assert_eq!(from.may_become(State::Denied), may, "{from:?}");
        }
    }

    #[test]
    fn words_round_trip() {
        for state in State::ALL {
            assert_eq!(State::from_word(state.as_str()), Some(state));
            assert_eq!(
                serde_json::to_string(&state).unwrap(),
                format!("\"{}\"", state.as_str())
            );
        }
    }
}
