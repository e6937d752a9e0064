//! Sets of instants as half-open spans `[start, end)` in UTC milliseconds: union, intersection, difference, length.

use andon_domain::Timestamp;

/// From `start` to `end`, the end not included. Empty when the end is not after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// From.
    pub start: i64,
    /// To, not included.
    pub end: i64,
}

impl Span {
    /// From two instants.
    #[must_use]
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self {
            start: start.millis(),
            end: end.millis(),
        }
    }

    /// Its length; zero when empty.
    #[must_use]
    pub const fn millis(self) -> i64 {
        let length = self.end.saturating_sub(self.start);
        if length > 0 { length } else { 0 }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// What both have.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
        }
    }

    /// Whether an instant is in it.
    #[must_use]
    pub const fn contains(self, at: i64) -> bool {
        self.start <= at && at < self.end
    }
}

/// A set of instants: spans in order, none empty, none touching another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans(Vec<Span>);

impl FromIterator<Span> for Spans {
    /// The union of the spans, however they overlap.
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().filter(|span| !span.is_empty()).collect();
        spans.sort_unstable();
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => merged.push(span),
            }
        }
        Self(merged)
    }
}

impl From<Span> for Spans {
    fn from(span: Span) -> Self {
        std::iter::once(span).collect()
    }
}

impl Spans {
    /// The spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its length.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.iter().map(Span::millis).sum()
    }

    /// Whether an instant is in it.
    #[must_use]
    pub fn contains(&self, at: i64) -> bool {
        let first_after = self.0.partition_point(|span| span.end <= at);
        self.0.get(first_after).is_some_and(|span| span.contains(at))
    }

    /// What either has.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// What both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut left, mut right) = (0, 0);
        while let (Some(a), Some(b)) = (self.0.get(left), other.0.get(right)) {
            let common = a.intersection(*b);
            if !common.is_empty() {
                both.push(common);
            }
            if a.end <= b.end {
                left += 1;
            } else {
                right += 1;
            }
        }
        Self(both)
    }

    /// What lies within one span.
    #[must_use]
    pub fn within(&self, span: Span) -> Self {
        let first = self.0.partition_point(|own| own.end <= span.start);
        let parts = self.0[first..].iter().take_while(|own| own.start < span.end);
        Self(
            parts
                .map(|own| own.intersection(span))
                .filter(|own| !own.is_empty())
                .collect(),
        )
    }

    /// How long what lies within one span is.
    #[must_use]
    pub fn millis_within(&self, span: Span) -> i64 {
        let first = self.0.partition_point(|own| own.end <= span.start);
        let parts = self.0[first..].iter().take_while(|own| own.start < span.end);
        parts.map(|own| own.intersection(span).millis()).sum()
    }

    /// What this has and the other lacks.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = Vec::with_capacity(self.0.len());
        let mut next = 0;
        for span in &self.0 {
            let mut start = span.start;
            while other.0.get(next).is_some_and(|gone| gone.end <= start) {
                next += 1;
            }
            let mut at = next;
            while let Some(gone) = other.0.get(at).filter(|gone| gone.start < span.end) {
                if gone.start > start {
                    rest.push(Span {
                        start,
                        end: gone.start,
                    });
                }
                start = gone.end;
                at += 1;
            }
            if start < span.end {
                rest.push(Span { start, end: span.end });
            }
        }
        Self(rest)
    }
}
