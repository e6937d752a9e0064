//! What every answer about a stretch of time begins with: the permit, the machines asked for, the window by the calendar,
//! and what is known up to when.

use std::time::Duration;

use andon_domain::ports::{Feed, Window};
use andon_domain::records::{MachineState, MachineStatus, Shift};
use andon_domain::{Caller, Permission, System, Timestamp};

use super::answers::PlantWindowRequest;
use super::compute::count;
use super::figures::{FigureBasis, FigureNote, FigureNoteKind, FigureOrigin, PlantWindow};
use super::planned::Planned;
use super::ranges::{Calendar, calendar_span, resolve};
use crate::access::permit;
use crate::error::EngineError;
use crate::kpi::Span;
use crate::watch::FeedViewState;
use crate::watch::lines::place;
use crate::watch::sync::{skew_of, view_of};
use crate::world::{Engine, Tenant};

/// A machine and when the console last heard it, by the MES's clock.
pub(super) type Heard = (MachineStatus, Timestamp);

/// A machine and up to when what lasts on it is known to have lasted.
pub(super) type KnownMachine = (MachineStatus, Timestamp);

/// The stage.
pub(super) struct Stage<'e> {
    pub(super) tenant: &'e Tenant,
    /// The MES's clock.
    pub(super) now: Timestamp,
    /// How far it is ahead of ours.
    skew_ms: i64,
    /// All shifts around the window and around now.
    pub(super) shifts: Vec<Shift>,
    pub(super) window: PlantWindow,
    /// The machines asked for, by line and id.
    pub(super) machines: Vec<Heard>,
    pub(super) history: Known,
}

/// Up to when something is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// When the source last answered, by its clock.
    pub(super) until: Option<Timestamp>,
    /// Whether that is too long ago.
    pub(super) is_stale: bool,
    /// Whether the source tells it at all.
    pub(super) is_offered: bool,
}

/// Sets the stage.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub(super) async fn set<'e>(
    engine: &'e Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<Stage<'e>, EngineError> {
    permit(caller, Permission::PlantView)?;
    let tenant = engine.tenant(&caller.tenant)?;
    let ours = engine.clock.now();
    let skew_ms = skew_of(tenant, System::Mes).unwrap_or(0);
    let now = moved(ours, skew_ms);
    let span = calendar_span(now, request.since, request.until);
    let mut machines = tenant.parts.mirror.machines().await?;
    machines.retain(|(machine, _)| is_asked_for(machine, request));
    machines.sort_by(|(a, _), (b, _)| place(a).cmp(&place(b)));
    for (_, heard) in &mut machines {
        *heard = moved(*heard, skew_ms);
    }
    let shifts = of_sites(tenant.parts.mirror.shifts(span).await?, &machines);
    let calendar = Calendar {
        now,
        zone: tenant.time_zone(),
        shifts: &shifts,
    };
    let window = resolve(&calendar, request.range, request.since, request.until)?;
    let history = known(tenant, Feed::MachineHistory, ours, skew_ms);
    Ok(Stage {
        tenant,
        now,
        skew_ms,
        shifts,
        window,
        machines,
        history,
    })
}

impl Stage<'_> {
    /// The window as the mirror is asked.
    pub(super) fn span(&self) -> Window {
        Window {
            since: self.window.since,
            until: self.window.until,
        }
    }

    /// Planned operation time of the window and around it.
    pub(super) fn planned(&self) -> Planned {
        if self.window.is_calendar_assumed {
            Planned::always(Span::new(self.window.since, self.window.until))
        } else {
            Planned::from_shifts(&self.shifts)
        }
    }

    /// Up to when what lasts is known to have lasted: the last answer about the history, or without one since the start of the
    /// console the last that was heard of any machine.
    pub(super) fn known_until(&self) -> Timestamp {
        let heard = || self.machines.iter().map(|(_, heard)| *heard).max();
        let until = self.history.until.or_else(heard).unwrap_or(self.window.since);
        until.min(self.now)
    }

    /// The machines with what is known of each: of one whose measurements are too old, nothing since the last of them.
    pub(super) fn known_machines(&self) -> Vec<KnownMachine> {
        let answered = self.known_until();
        let known_until = |machine: &MachineStatus| {
            if is_measured(machine) && self.is_stale(machine) {
                answered.min(self.measured(machine))
            } else {
                answered
            }
        };
        let known = self
            .machines
            .iter()
            .map(|(machine, _)| (machine.clone(), known_until(machine)));
        known.collect()
    }

    /// When a machine was last measured; at the beginning of the window when nobody says.
    pub(super) fn measured(&self, machine: &MachineStatus) -> Timestamp {
        machine.observed_at.unwrap_or(self.window.since).min(self.now)
    }

    /// Age of what is known of a machine, from when the source measured.
    pub(super) fn age_of(&self, machine: &MachineStatus) -> Option<Duration> {
        machine.observed_at.map(|observed| self.now.since(observed))
    }

    /// Whether that is too old, or not known, to be taken as the state now.
    pub(super) fn is_stale(&self, machine: &MachineStatus) -> bool {
        let limit = self.tenant.feeds.stale_after(Feed::Machines);
        self.age_of(machine).is_none_or(|age| age > limit)
    }

    /// The history counts up to its last answer while that is fresh, so that the seconds since then are no loss; else up to now,
    /// so that time without data is one.
    pub(super) fn counted_until(&self) -> Timestamp {
        let fresh = self.history.until.filter(|_| !self.history.is_stale);
        fresh.unwrap_or(self.now).min(self.now)
    }

    /// Ends the window where the history counts to.
    pub(super) fn count_to_history(&mut self) {
        let until = self.counted_until().min(self.window.until);
        self.window.as_of = until.max(self.window.since);
    }

    /// How another feed stands.
    pub(super) fn known(&self, feed: Feed) -> Known {
        let ours = moved(self.now, -self.skew_ms);
        known(self.tenant, feed, ours, self.skew_ms)
    }

    /// What numbers of the history rest on: its last answer, and the last measurements of these machines.
    pub(super) fn basis_of_history(&self, definition: &str, machines: &[KnownMachine]) -> FigureBasis {
        let mut basis = self.basis(definition, self.history);
        let needed = self.known_until().min(self.window.as_of);
        let measured = || machines.iter().filter(|(machine, _)| is_measured(machine));
        let behind = || {
            measured()
                .map(|(_, known)| *known)
                .filter(|known| *known < needed)
        };
        if self.history.is_stale || behind().count() == 0 {
            return basis;
        }
        if behind().count() == measured().count() {
            basis.notes.push(note(FigureNoteKind::SourceStale));
            basis.data_until = basis.data_until.min(behind().max());
        } else {
            count_note(&mut basis, FigureNoteKind::MachinesStale, count(behind().count()));
        }
        basis
    }

    /// What the numbers rest on. `definition` is a key of the message catalogue.
    pub(super) fn basis(&self, definition: &str, data: Known) -> FigureBasis {
        let mut notes = Vec::new();
        let first = self.shifts.iter().map(|shift| shift.start).min();
        if self.window.is_calendar_assumed {
            notes.push(note(FigureNoteKind::CalendarAssumed));
        } else if first.is_some_and(|first| first > self.window.since) {
            notes.push(note(FigureNoteKind::CalendarPartial));
        }
        if !data.is_offered {
            notes.push(note(FigureNoteKind::SourceMissing));
        } else if data.is_stale {
            notes.push(note(FigureNoteKind::SourceStale));
        }
        FigureBasis {
            origin: FigureOrigin::ComputedHere,
            definition: definition.to_owned(),
            server_time: self.now,
            data_until: data.until,
            corrected: 0,
            notes,
        }
    }
}

/// That a machine has no connection is the MES's own word; all other states were measured.
fn is_measured(machine: &MachineStatus) -> bool {
    machine.status != MachineState::Offline
}

/// A note without a count.
pub(super) const fn note(kind: FigureNoteKind) -> FigureNote {
    FigureNote { kind, count: None }
}

/// Adds a note where there is something to count.
pub(super) fn count_note(basis: &mut FigureBasis, kind: FigureNoteKind, count: u32) {
    if count > 0 {
        basis.notes.push(FigureNote {
            kind,
            count: Some(count),
        });
    }
}

/// Says how many records changed after the window had ended.
pub(super) fn note_corrected(basis: &mut FigureBasis, corrected: u32) {
    basis.corrected = corrected;
    count_note(basis, FigureNoteKind::CorrectedLater, corrected);
}

fn known(tenant: &Tenant, feed: Feed, ours: Timestamp, skew_ms: i64) -> Known {
    let view = view_of(tenant, feed, ours);
    let is_on_time = matches!(
        view.state,
        FeedViewState::Live | FeedViewState::Polling | FeedViewState::Delayed
    );
    // What a stream says about other feeds does not make this one known: only its own answers do.
    let answered = tenant.feeds.last_ok(feed);
    Known {
        until: answered.map(|at| moved(at, skew_ms)),
        is_stale: answered.is_some() && !is_on_time,
        is_offered: !matches!(
            view.state,
            FeedViewState::NotConfigured | FeedViewState::NotOffered
        ),
    }
}

fn moved(at: Timestamp, by_ms: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(by_ms))
}

fn is_asked_for(machine: &MachineStatus, request: &PlantWindowRequest) -> bool {
    let is = |wanted: &Option<String>, has: Option<&str>| wanted.is_none() || wanted.as_deref() == has;
    is(&request.machine_id, Some(machine.machine_id.as_str()))
        && is(&request.work_center, machine.equipment.work_center.as_deref())
        && is(&request.area, machine.equipment.area.as_deref())
}

/// The shifts of the sites the machines stand at, and those of no named site.
fn of_sites(mut shifts: Vec<Shift>, machines: &[Heard]) -> Vec<Shift> {
    let sites: std::collections::BTreeSet<&str> = machines
        .iter()
        .filter_map(|(machine, _)| machine.equipment.site.as_deref())
        .collect();
    if !sites.is_empty() {
        shifts.retain(|shift| shift.site.as_deref().is_none_or(|site| sites.contains(site)));
    }
    shifts
}
