//! The OEE of the last shifts. What a finished shift came to is remembered for a while, so that a screen that looks every few
//! seconds does not read eight shifts each time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use andon_domain::Timestamp;
use andon_domain::ports::Window;
use andon_domain::records::Shift;

use super::answers::PlantWindowRequest;
use super::compute::{Records, Results};
use super::figures::TrendPoint;
use super::stage::Stage;
use super::window::blocking;
use crate::error::EngineError;

/// Shifts shown.
const SHIFTS: usize = 8;
/// How long a finished shift is remembered. A later correction is seen after that at the latest.
const REMEMBERED: Duration = Duration::from_secs(30 * 60);
/// How long one of low coverage is: what is missing may still come.
const REMEMBERED_UNSURE: Duration = Duration::from_secs(60);
/// Shifts of all scopes that are remembered.
const MOST_REMEMBERED: usize = 1024;

/// Line, area and machine; from and to.
type Key = ([Option<String>; 3], Timestamp, Timestamp);

/// What finished shifts came to.
#[derive(Debug, Default)]
pub struct TrendMemory(Mutex<HashMap<Key, Remembered>>);

#[derive(Debug)]
struct Remembered {
    point: TrendPoint,
    at: Timestamp,
    lasts: Duration,
}

impl TrendMemory {
    /// The mirror lost its copy: every shift is looked at again.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn get(&self, key: &Key, now: Timestamp) -> Option<TrendPoint> {
        let memory = self.lock();
        let known = memory.get(key)?;
        (now.since(known.at) < known.lasts).then(|| known.point.clone())
    }

    fn keep(&self, key: Key, remembered: Remembered) {
        let mut memory = self.lock();
        if memory.len() >= MOST_REMEMBERED {
            memory.clear();
        }
        memory.insert(key, remembered);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last shifts that have begun, oldest first; none without a calendar.
pub(super) async fn trend(
    stage: &Stage<'_>,
    request: &PlantWindowRequest,
) -> Result<Vec<TrendPoint>, EngineError> {
    let mut shifts: Vec<&Shift> = stage
        .shifts
        .iter()
        .filter(|shift| shift.start < stage.now.min(stage.window.until) && shift.end > shift.start)
        .collect();
    shifts.sort_by_key(|shift| (shift.start, shift.end));
    // Sites that work the same shifts share one point.
    shifts.dedup_by_key(|shift| (shift.start, shift.end));
    let first = shifts.len().saturating_sub(SHIFTS);
    let mut points = Vec::new();
    for shift in &shifts[first..] {
        points.push(point(stage, request, shift).await?);
    }
    Ok(points)
}

async fn point(
    stage: &Stage<'_>,
    request: &PlantWindowRequest,
    shift: &Shift,
) -> Result<TrendPoint, EngineError> {
    let scope = [
        request.work_center.clone(),
        request.area.clone(),
        request.machine_id.clone(),
    ];
    let key = (scope, shift.start, shift.end);
    let is_finished = shift.end <= stage.now;
    let memory = &stage.tenant.trend;
    if let Some(point) = memory.get(&key, stage.now).filter(|_| is_finished) {
        return Ok(point);
    }
    let window = Window {
        since: shift.start,
        until: shift.end,
    };
    let mirror = stage.tenant.parts.mirror.as_ref();
    let records = Records::read(mirror, window, request.machine_id.as_deref()).await?;
    let (planned, machines) = (stage.planned(), stage.known_machines());
    let until = shift.end.min(stage.counted_until()).max(shift.start);
    let limits = (shift.start, until);
    let minor_below = stage.tenant.parts.minor_stop_below;
    let buckets = blocking(move || {
        let results = Results::of(&machines, &records, &planned, limits, minor_below);
        results.total().buckets
    })
    .await?;
    let is_unsure = buckets.is_low_confidence();
    let point = TrendPoint {
        since: shift.start,
        until: shift.end,
        label: shift.shift.clone(),
        business_day: shift.business_day.clone(),
        is_finished,
        oee: buckets.oee(),
        availability: buckets.availability(),
        effectiveness: buckets.effectiveness(),
        quality: buckets.quality(),
        coverage: buckets.coverage(),
    };
    // While its last records may still come in, nothing is remembered.
    if is_finished && stage.history.until.is_some_and(|known| known >= shift.end) {
        let remembered = Remembered {
            point: point.clone(),
            at: stage.now,
            lasts: if is_unsure { REMEMBERED_UNSURE } else { REMEMBERED },
        };
        memory.keep(key, remembered);
    }
    Ok(point)
}
