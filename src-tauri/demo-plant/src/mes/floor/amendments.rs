//! What becomes known later: a reason nobody had entered, a wrong one put right, a stop recorded by mistake, and the
//! verdict on an inspection. Each makes a new version of a record that readers have seen already.

use std::sync::Arc;

use super::{Category, Change, Downtime, Floor, MINUTE, Reason, Status, Verdict};
use crate::mes::machines::{CORRECTION, Cause, WAITS};

/// Something that becomes known later.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amendment {
    Explain(u64, &'static Cause),
    Correct(u64, &'static Cause),
    Withdraw(u64),
    Decide(u64, Verdict),
}

impl Floor {
    /// Decides, when a stop has ended, what will be learned about it.
    pub(super) fn foresee_amendment(&mut self, event: u64, at_ms: i64) {
        let Some(ended) = self.downtime.get(&event) else {
            return;
        };
        let (index, category, has_reason) = (ended.machine, ended.category, ended.reason.is_some());
        let machine = &mut self.machines[index];
        let (breakdowns, dice) = (machine.line.breakdowns, &mut machine.dice);
        let (amendment, mean_ms) = match category {
            Category::Waiting if !has_reason && dice.chance(40) => {
                let Some(cause) = dice.pick(WAITS) else { return };
                (Amendment::Explain(event, cause), 25 * MINUTE)
            }
            Category::Unplanned if dice.chance(8) => {
                let Some(cause) = dice.pick(breakdowns) else {
                    return;
                };
                (Amendment::Correct(event, cause), 30 * MINUTE)
            }
            Category::MinorStop if dice.chance(2) => (Amendment::Withdraw(event), 10 * MINUTE),
            _ => return,
        };
        let delay = self.hurried(index, mean_ms);
        self.amend_later(at_ms + delay, amendment);
    }

    pub(super) fn amend_later(&mut self, at_ms: i64, amendment: Amendment) {
        self.next_amendment += 1;
        self.amendments.insert((at_ms, self.next_amendment), amendment);
    }

    /// The next thing becomes known.
    pub(super) fn amend(&mut self) {
        let Some(((at_ms, _), amendment)) = self.amendments.pop_first() else {
            return;
        };
        self.clock_ms = self.clock_ms.max(at_ms);
        match amendment {
            Amendment::Explain(event, cause) => self.give_reason(event, cause, None, at_ms),
            Amendment::Correct(event, cause) => self.give_reason(event, cause, Some(CORRECTION), at_ms),
            Amendment::Withdraw(event) => self.change_event(event, at_ms, |event| event.is_deleted = true),
            Amendment::Decide(report, verdict) => self.decide(report, verdict, at_ms),
        }
    }

    /// Gives a stop and the history of its time a reason.
    fn give_reason(&mut self, event: u64, cause: &Cause, comment: Option<&'static str>, at_ms: i64) {
        let Some((index, start_ms, end_ms)) = self
            .downtime
            .get(&event)
            .map(|event| (event.machine, event.start_ms, event.end_ms))
        else {
            return;
        };
        let reason = Arc::new(Reason::from(cause));
        let segments = self.machines[index].history.iter_mut().rev();
        for segment in segments
            .take_while(|segment| segment.end_ms.is_none_or(|end| end > start_ms))
            .filter(|segment| end_ms.is_none_or(|end| segment.start_ms < end))
            .filter(|segment| matches!(segment.status, Status::Idle | Status::Down))
        {
            segment.reason = Some(Arc::clone(&reason));
        }
        self.change_event(event, at_ms, |event| {
            event.reason = Some(reason);
            event.comment = comment;
        });
    }

    fn change_event(&mut self, number: u64, at_ms: i64, change: impl FnOnce(&mut Downtime)) {
        if let Some(event) = self.downtime.get_mut(&number) {
            change(event);
            event.updated_ms = at_ms;
            event.version += 1;
            self.tell(Change::Downtime(number));
        }
    }
}
