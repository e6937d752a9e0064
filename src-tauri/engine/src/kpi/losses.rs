//! Where planned busy time went: the loss waterfall and the Pareto of downtime.
//!
//! Each second has one owner. In the waterfall it is the downtime event that began first, else what the history says of the
//! state, else nobody: no data. In the Pareto only downtime events own seconds, also those of a machine said to run.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use andon_domain::records::{DowntimeEvent, MachineState, Reason, StateSegment};
use rust_decimal::Decimal;

use super::buckets::Buckets;
use super::spans::{Span, Spans};

/// A reason of the plant. By its code; a reason with a text and no code goes by the text, since it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReasonKey<'r> {
    /// By code.
    Code(&'r str),
    /// By text.
    Text(&'r str),
    /// Nobody gave one.
    None,
}

impl<'r> ReasonKey<'r> {
    fn of(reason: Option<&'r Reason>) -> Self {
        let filled =
            |text: &'r Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let Some(reason) = reason else { return Self::None };
        filled(&reason.code)
            .map(Self::Code)
            .or_else(|| filled(&reason.text).map(Self::Text))
            .unwrap_or(Self::None)
    }

    /// The code.
    #[must_use]
    pub const fn code(self) -> Option<&'r str> {
        match self {
            Self::Code(code) => Some(code),
            Self::Text(_) | Self::None => None,
        }
    }
}

/// What owns lost time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossKey<'r> {
    /// A downtime event, or a state, with this reason or with none.
    Stop(ReasonKey<'r>),
    /// A state without a reason.
    State(StateKey),
    /// Nothing is known of it.
    NoData,
}

/// A state that is not production, in an order that can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateKey {
    /// Idle.
    Idle,
    /// Set-up.
    Setup,
    /// Down.
    Down,
    /// Offline.
    Offline,
    /// Not understood.
    Unknown,
}

impl StateKey {
    /// `None` for the states that are no loss here: running, and maintenance, which is planned down.
    const fn of(state: MachineState) -> Option<Self> {
        match state {
            MachineState::Idle => Some(Self::Idle),
            MachineState::Setup => Some(Self::Setup),
            MachineState::Down => Some(Self::Down),
            MachineState::Offline => Some(Self::Offline),
            MachineState::Unknown => Some(Self::Unknown),
            MachineState::Running | MachineState::Maintenance => None,
        }
    }
}

/// Lost time with a text for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Lost<'r> {
    millis: i64,
    text: Option<&'r str>,
}

/// Lost time by owner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Losses<'r>(BTreeMap<LossKey<'r>, Lost<'r>>);

impl<'r> Losses<'r> {
    /// Gives each moment of the lost time to its owner. `events` are in the order they began.
    pub(super) fn of(
        lost: &Spans,
        events: &[(Span, &'r DowntimeEvent)],
        segments: &[(Span, &'r StateSegment)],
    ) -> Self {
        let mut losses = Self::default();
        let mut rest = lost.clone();
        for (span, event) in events {
            let key = LossKey::Stop(ReasonKey::of(event.reason.as_ref()));
            losses.take(&mut rest, *span, key, text_of(event.reason.as_ref()));
        }
        for (span, segment) in segments {
            let Some(state) = StateKey::of(segment.status) else {
                continue;
            };
            let key = match ReasonKey::of(segment.reason.as_ref()) {
                ReasonKey::None => LossKey::State(state),
                reason => LossKey::Stop(reason),
            };
            losses.take(&mut rest, *span, key, text_of(segment.reason.as_ref()));
        }
        losses.add(LossKey::NoData, rest.millis(), None);
        losses
    }

    fn take(&mut self, rest: &mut Spans, span: Span, key: LossKey<'r>, text: Option<&'r str>) {
        let millis = rest.millis_within(span);
        if millis > 0 {
            *rest = rest.difference(&Spans::from(span));
            self.add(key, millis, text);
        }
    }

    fn add(&mut self, key: LossKey<'r>, millis: i64, text: Option<&'r str>) {
        if millis > 0 {
            let lost = self.0.entry(key).or_default();
            lost.millis += millis;
            lost.text = lost.text.or(text);
        }
    }

    /// All of it.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.0.values().map(|lost| lost.millis).sum()
    }

    /// From planned busy time down to good pieces, the largest loss of availability first. Losses and the last total add up
    /// to the first total, exactly.
    #[must_use]
    pub fn waterfall(&self, buckets: &Buckets) -> Vec<Step<'r>> {
        let total = |name, millis| Step {
            name,
            is_total: true,
            text: None,
            millis,
        };
        let loss = |name, millis| Step {
            is_total: false,
            ..total(name, millis)
        };
        let rated = &buckets.rated;
        let mut steps = vec![total(StepName::PlannedBusy, Decimal::from(buckets.planned_busy))];
        let mut by_reason: Vec<_> = self.0.iter().collect();
        by_reason.sort_by_key(|(key, lost)| (-lost.millis, **key));
        steps.extend(by_reason.into_iter().map(|(key, lost)| Step {
            text: lost.text,
            ..loss(StepName::Availability(*key), Decimal::from(lost.millis))
        }));
        steps.push(total(StepName::Production, Decimal::from(buckets.production)));
        let unrated = buckets.production - rated.production;
        if unrated > 0 {
            steps.push(loss(StepName::Unrated, Decimal::from(unrated)));
        }
        if rated.machines > 0 {
            let speed = Decimal::from(rated.production) - rated.ideal;
            steps.push(loss(StepName::Speed, speed));
            steps.push(total(StepName::Ideal, rated.ideal));
            steps.push(loss(StepName::Quality, rated.ideal - rated.ideal_good));
            steps.push(total(StepName::Good, rated.ideal_good));
        }
        steps
    }
}

impl AddAssign<&Self> for Losses<'_> {
    fn add_assign(&mut self, other: &Self) {
        for (key, lost) in &other.0 {
            self.add(*key, lost.millis, lost.text);
        }
    }
}

/// What a step of the waterfall is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepName<'r> {
    /// Where it begins.
    PlannedBusy,
    /// A loss of availability.
    Availability(LossKey<'r>),
    /// Production time.
    Production,
    /// Production time of machines without known speed.
    Unrated,
    /// Lost by speed and stops too short to be told; negative where more was made than planned.
    Speed,
    /// Planned time of what was produced.
    Ideal,
    /// Lost by pieces that are not good.
    Quality,
    /// Planned time of what was good.
    Good,
}

/// A step of the waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'r> {
    /// What it is.
    pub name: StepName<'r>,
    /// Whether it is a total on the way; else a loss.
    pub is_total: bool,
    /// The plant's words for it.
    pub text: Option<&'r str>,
    /// Milliseconds.
    pub millis: Decimal,
}

/// Downtime of one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParetoEntry<'r> {
    /// The reason.
    pub key: ReasonKey<'r>,
    /// The plant's words for it.
    pub text: Option<&'r str>,
    /// Milliseconds it owns.
    pub millis: i64,
    /// Events that touch planned busy time.
    pub count: u32,
}

/// Downtime by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParetoSums<'r>(BTreeMap<ReasonKey<'r>, (Lost<'r>, u32)>);

impl<'r> ParetoSums<'r> {
    /// Gives each moment of planned busy time under a stop to the event that began first. `events` are in that order.
    pub(super) fn of(busy: &Spans, events: &[(Span, &'r DowntimeEvent)]) -> Self {
        let mut sums = Self::default();
        let mut rest = busy.clone();
        for (span, event) in events {
            if busy.millis_within(*span) == 0 {
                continue;
            }
            let millis = rest.millis_within(*span);
            rest = rest.difference(&Spans::from(*span));
            let reason = event.reason.as_ref();
            sums.add(ReasonKey::of(reason), millis, 1, text_of(reason));
        }
        sums
    }

    fn add(&mut self, key: ReasonKey<'r>, millis: i64, count: u32, text: Option<&'r str>) {
        let (lost, events) = self.0.entry(key).or_default();
        lost.millis += millis;
        lost.text = lost.text.or(text);
        *events += count;
    }

    /// All of it: the downtime shown elsewhere.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.0.values().map(|(lost, _)| lost.millis).sum()
    }

    /// One entry for each reason.
    pub fn entries(&self) -> impl Iterator<Item = ParetoEntry<'r>> + '_ {
        self.0.iter().map(|(key, (lost, count))| ParetoEntry {
            key: *key,
            text: lost.text,
            millis: lost.millis,
            count: *count,
        })
    }
}

impl AddAssign<&Self> for ParetoSums<'_> {
    fn add_assign(&mut self, other: &Self) {
        for (key, (lost, count)) in &other.0 {
            self.add(*key, lost.millis, *count, lost.text);
        }
    }
}

fn text_of(reason: Option<&Reason>) -> Option<&str> {
    reason.and_then(|reason| reason.text.as_deref())
}
