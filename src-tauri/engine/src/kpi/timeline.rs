//! The states of one machine as pieces that follow each other: no gap, no overlap, nothing bridged, nothing in the future.

use andon_domain::records::{MachineState, StateSegment};

use super::machine::is_impossible_segment;
use super::spans::Span;

/// What the machine says now, for the time after the last answer about its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Its state.
    pub state: MachineState,
    /// Since when it is in it.
    pub since: i64,
    /// Up to when that is known: now, or the last measurement of a machine that is stale.
    pub until: i64,
}

/// A piece of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'r> {
    /// From and to, within the window.
    pub span: Span,
    /// State; `None`: no data.
    pub state: Option<MachineState>,
    /// The segment it is from; absent without data, and for what only the machine itself says.
    pub segment: Option<&'r StateSegment>,
    /// Whether it began before the window.
    pub is_begun_before: bool,
    /// Whether it lasts as far as is known.
    pub is_open: bool,
}

/// The timeline of a machine: the window up to now, cut into pieces. `segments` are in order of their start; where two
/// overlap the later one holds.
#[must_use]
pub fn timeline<'r>(
    window: Span,
    known_until: i64,
    segments: &[&'r StateSegment],
    now: Option<Now>,
) -> Vec<Piece<'r>> {
    let mut pieces: Vec<Piece<'r>> = Vec::with_capacity(segments.len() + 2);
    let possible: Vec<&'r StateSegment> = segments
        .iter()
        .copied()
        .filter(|segment| !is_impossible_segment(segment))
        .collect();
    for (at, segment) in possible.iter().enumerate() {
        let start = segment.start.millis();
        let next = possible.get(at + 1).map_or(i64::MAX, |next| next.start.millis());
        let changed = now.map_or(
            i64::MAX,
            |now| if now.since > start { now.since } else { i64::MAX },
        );
        let end = match segment.end {
            Some(end) => end.millis().min(next),
            None => next.min(known_until.min(changed)),
        };
        let whole = Span { start, end };
        put(
            &mut pieces,
            window,
            Piece {
                span: whole,
                state: Some(segment.status),
                segment: Some(segment),
                is_begun_before: false,
                is_open: segment.end.is_none() && next == i64::MAX && changed == i64::MAX,
            },
        );
    }
    if let Some(now) = now {
        add_now(&mut pieces, window, now);
    }
    let end = pieces.last().map_or(window.start, |last| last.span.end);
    if end < window.end {
        pieces.push(no_data(end, window.end));
    }
    pieces
}

/// What the machine says itself holds from where the history ends.
fn add_now(pieces: &mut Vec<Piece<'_>>, window: Span, now: Now) {
    let end = pieces.last().map_or(window.start, |last| last.span.end);
    let start = if pieces.is_empty() {
        now.since
    } else {
        now.since.max(end)
    };
    let span = Span {
        start,
        end: now.until,
    };
    let tail = span.intersection(window);
    match pieces.last_mut() {
        _ if tail.is_empty() => {}
        Some(last)
            if last.state == Some(now.state)
                && last.span.end == tail.start
                && last.is_open
                && last
                    .segment
                    .is_some_and(|segment| segment.start.millis() <= now.since) =>
        {
            last.span.end = tail.end;
        }
        _ => put(
            pieces,
            window,
            Piece {
                span,
                state: Some(now.state),
                segment: None,
                is_begun_before: false,
                is_open: true,
            },
        ),
    }
}

/// Adds what of the piece lies in the window, after a piece without data where something is missing before it.
fn put<'r>(pieces: &mut Vec<Piece<'r>>, window: Span, piece: Piece<'r>) {
    let end = pieces.last().map_or(window.start, |last| last.span.end);
    let inside = piece.span.intersection(Span {
        start: end,
        end: window.end,
    });
    if inside.is_empty() {
        return;
    }
    if inside.start > end {
        pieces.push(no_data(end, inside.start));
    }
    pieces.push(Piece {
        span: inside,
        is_begun_before: piece.span.start < window.start,
        ..piece
    });
}

const fn no_data<'r>(start: i64, end: i64) -> Piece<'r> {
    Piece {
        span: Span { start, end },
        state: None,
        segment: None,
        is_begun_before: false,
        is_open: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpi::tests::{segment, span};

    #[test]
    fn a_timeline_bridges_no_gap_and_ends_now() {
        let segments = [
            segment(MachineState::Running, -5, Some(10)),
            segment(MachineState::Down, 20, Some(30)),
            segment(MachineState::Idle, 25, None),
        ];
        let refs: Vec<&StateSegment> = segments.iter().collect();
        let states = |now: Option<Now>| -> Vec<(i64, i64, Option<MachineState>)> {
            timeline(span(0, 60), 40, &refs, now)
                .iter()
                .map(|piece| (piece.span.start, piece.span.end, piece.state))
                .collect()
        };
        let before = [
            (0, 10, Some(MachineState::Running)),
            (10, 20, None),
            (20, 25, Some(MachineState::Down)),
        ];
        let with = |rest: &[(i64, i64, Option<MachineState>)]| [&before[..], rest].concat();
        assert_eq!(
            states(None),
            with(&[(25, 40, Some(MachineState::Idle)), (40, 60, None)])
        );
        let same = Now {
            state: MachineState::Idle,
            since: 25,
            until: 60,
        };
        assert_eq!(states(Some(same)), with(&[(25, 60, Some(MachineState::Idle))]));
        let changed = Now {
            state: MachineState::Running,
            since: 33,
            until: 50,
        };
        assert_eq!(
            states(Some(changed)),
            with(&[
                (25, 33, Some(MachineState::Idle)),
                (33, 50, Some(MachineState::Running)),
                (50, 60, None)
            ]),
            "a stale machine is known to when it was measured"
        );
        let later = Now { since: 45, ..changed };
        assert_eq!(
            states(Some(later)),
            with(&[
                (25, 40, Some(MachineState::Idle)),
                (40, 45, None),
                (45, 50, Some(MachineState::Running)),
                (50, 60, None)
            ])
        );
        assert!(timeline(span(0, 60), 40, &refs, None)[0].is_begun_before);
    }
}
