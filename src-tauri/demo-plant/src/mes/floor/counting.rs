//! Pieces and the segments they belong to: history, counters and orders grow by the same numbers at the same moment.

use super::{Counters, Floor, Segment, Status};

impl Floor {
    /// Counts pieces up to `at_ms`; where a shift begins, the counters start again and the history is cut.
    pub(super) fn count(&mut self, index: usize, at_ms: i64) {
        while self.machines[index].next_shift_ms <= at_ms {
            let boundary = self.machines[index].next_shift_ms;
            self.count_pieces(index, boundary);
            let machine = &mut self.machines[index];
            machine.counters = Counters {
                since_ms: boundary,
                ..Counters::default()
            };
            machine.next_shift_ms = self.shifts.after(boundary);
            self.cut(index, boundary);
        }
        self.count_pieces(index, at_ms);
    }

    fn count_pieces(&mut self, index: usize, to_ms: i64) {
        let machine = &mut self.machines[index];
        let elapsed = (to_ms - machine.counted_to_ms).max(0);
        machine.counted_to_ms = machine.counted_to_ms.max(to_ms);
        if machine.status != Status::Running {
            return;
        }
        machine.partial_ms += elapsed;
        let produced = machine.partial_ms / machine.real_cycle_ms;
        if produced == 0 {
            return;
        }
        machine.partial_ms %= machine.real_cycle_ms;
        machine.last_cycle_ms = machine.real_cycle_ms * machine.dice.between(98, 103) / 100;
        let rates = &machine.line.rates;
        let scrap = machine.dice.share(produced, rates.scrap_per_mille);
        let good = produced - scrap;
        let made = Counters {
            produced,
            good,
            scrap,
            rework: machine.dice.share(good, rates.rework_per_mille),
            since_ms: 0,
        };
        machine.counters.add(made);
        if let Some(segment) = machine.history.back_mut() {
            segment.made.add(made);
        }
        if let Some(order) = self.orders.get_mut(&machine.order) {
            order.counted.add(made);
        }
    }

    /// Ends the open segment and begins one with what the machine is doing now.
    pub(super) fn cut(&mut self, index: usize, at_ms: i64) {
        let machine = &mut self.machines[index];
        if let Some(open) = machine.history.back_mut() {
            open.end_ms = Some(at_ms);
            // What lasted no time and made nothing was never a state.
            if open.start_ms >= at_ms && open.made.produced == 0 {
                machine.history.pop_back();
            }
        }
        machine.history.push_back(Segment {
            status: machine.status,
            reason: machine.reason.clone(),
            start_ms: at_ms,
            end_ms: None,
            made: Counters::default(),
            cycle_ms: machine.cycle_ms,
            order: machine.order,
        });
    }

    pub(super) fn is_finished(&self, index: usize) -> bool {
        self.orders
            .get(&self.machines[index].order)
            .is_some_and(|order| order.counted.good >= order.planned)
    }

    /// Looks again when the order could be done, so that no machine makes more than was planned.
    pub(super) fn foresee_finish(&mut self, index: usize, at_ms: i64) {
        let machine = &mut self.machines[index];
        if machine.status != Status::Running {
            return;
        }
        let Some(order) = self.orders.get(&machine.order) else {
            return;
        };
        let left = (order.planned - order.counted.good).max(1);
        let done_ms = at_ms + left * machine.real_cycle_ms - machine.partial_ms;
        machine.next_report_ms = machine.next_report_ms.min(done_ms);
    }
}
