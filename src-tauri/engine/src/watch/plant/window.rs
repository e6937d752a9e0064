//! The figures of a window: site, lines, machines, losses, stops, trend.

use std::time::Duration;

use andon_domain::records::MachineStatus;
use andon_domain::{Caller, PortError};

use super::answers::{PlantFigures, PlantWindowRequest};
use super::compute::{Records, Results, sum};
use super::figures::{FigureBasis, FigureNoteKind, LineFigures, MachineFigures, PlantWindow};
use super::planned::Planned;
use super::stage::{self, KnownMachine, Stage, count_note, note_corrected};
use super::{show, trend};
use crate::error::EngineError;
use crate::world::Engine;

/// What a MES adds within this time after a shift is no correction.
pub(super) const GRACE: Duration = Duration::from_secs(15 * 60);

/// The figures of a window.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub async fn figures(
    engine: &Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<PlantFigures, EngineError> {
    let mut stage = stage::set(engine, caller, request).await?;
    stage.count_to_history();
    let mirror = stage.tenant.parts.mirror.as_ref();
    let records = Records::read(mirror, stage.span(), request.machine_id.as_deref()).await?;
    let trend = trend::trend(&stage, request).await?;
    let with_machines =
        request.machine_id.is_some() || request.work_center.is_some() || request.area.is_some();
    let task = Task::new(&stage, records, "plant.definition.figures");
    let mut answer = blocking(move || task.figures(with_machines)).await?;
    answer.trend = trend;
    Ok(answer)
}

/// Everything that is needed to compute, owned, so that it can leave the thread that serves others.
pub(super) struct Task {
    window: PlantWindow,
    basis: FigureBasis,
    machines: Vec<KnownMachine>,
    planned: Planned,
    records: Records,
    minor_below: Duration,
}

impl Task {
    pub(super) fn new(stage: &Stage<'_>, records: Records, definition: &str) -> Self {
        let machines = stage.known_machines();
        let mut basis = stage.basis_of_history(definition, &machines);
        if stage.window.is_finished {
            note_corrected(&mut basis, records.corrected(stage.span(), GRACE));
        }
        Self {
            window: stage.window.clone(),
            basis,
            machines,
            planned: stage.planned(),
            minor_below: stage.tenant.parts.minor_stop_below,
            records,
        }
    }

    fn figures(self, with_machines: bool) -> PlantFigures {
        let limits = (self.window.since, self.window.as_of);
        let results = Results::of(
            &self.machines,
            &self.records,
            &self.planned,
            limits,
            self.minor_below,
        );
        let total = results.total();
        let mut basis = self.basis;
        let unrated = total.buckets.machines - total.buckets.rated.machines;
        count_note(&mut basis, FigureNoteKind::MachinesUnrated, unrated);
        count_note(&mut basis, FigureNoteKind::ImpossibleLeftOut, total.impossible);
        let machines = results.machines.iter().filter(|_| with_machines);
        PlantFigures {
            total: show::figures(&total.buckets),
            lines: lines(&results),
            machines: machines
                .map(|(machine, result)| MachineFigures {
                    machine_id: machine.machine_id.clone(),
                    name: machine.name.clone(),
                    work_center: machine.equipment.work_center.clone(),
                    figures: show::figures(&result.buckets),
                })
                .collect(),
            waterfall: show::waterfall(&total.losses, &total.buckets),
            pareto: show::pareto(&total.pareto),
            trend: Vec::new(),
            window: self.window,
            basis,
        }
    }
}

/// Machines stand by line already.
fn lines(results: &Results<'_>) -> Vec<LineFigures> {
    let line_of = |machine: &MachineStatus| machine.equipment.work_center.clone();
    let groups = results
        .machines
        .chunk_by(|(a, _), (b, _)| a.equipment.work_center == b.equipment.work_center);
    groups
        .filter_map(|group| {
            let (first, _) = group.first()?;
            let area = first.equipment.area.clone();
            let is_shared = group.iter().all(|(machine, _)| machine.equipment.area == area);
            Some(LineFigures {
                area: area.filter(|_| is_shared),
                work_center: line_of(first),
                figures: show::figures(&sum(group.iter().map(|(_, result)| result)).buckets),
            })
        })
        .collect()
}

/// Computes where it holds up nobody: thousands of machines take a while.
pub(super) async fn blocking<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(compute)
        .await
        .map_err(|error| EngineError::Port(PortError::storage(error)))
}
