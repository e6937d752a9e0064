//! Records of the MES. They carry the version by which the MES itself tells which of two is newer, but for segments and
//! shifts, of which the later arrival wins.

use andon_domain::Timestamp;
use andon_domain::ports::Feed;
use andon_domain::records::{
    DowntimeEvent, MachineStatus, ProductionOrder, QualityReport, Shift, StateSegment,
};
use rusqlite::Transaction;

use super::{MirrorRecord, OfTime};
use crate::mirror::absent::{Absent, end_stops, settle_segments};
use crate::mirror::tables;
use crate::problem::Problem;

/// What lasts from one time to another and is open until it ends.
const LASTING: OfTime = OfTime {
    rows: "(started_at < ?2 OR started_at IS NULL) AND (ended_at > ?1 OR ended_at IS NULL)",
    span: ["started_at", "ended_at"],
    part_key: "shift_id",
};

/// What a record with an id and a version of its own tells.
macro_rules! versioned {
    ($id:ident) => {
        fn key(&self) -> String {
            self.$id.clone()
        }

        fn version(&self) -> i64 {
            self.version
        }

        fn updated_at(&self) -> Option<Timestamp> {
            self.updated_at
        }
    };
}

impl MirrorRecord for MachineStatus {
    const FEED: Feed = Feed::Machines;
    const TABLES: &'static [&'static str] = &["machines"];
    const BY_KEY: &'static str = "machine_id = ?1";
    const ROW_KEY: &'static str = "machine_id";

    versioned!(machine_id);

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_machine(tx, self, synced_at)
    }
}

impl MirrorRecord for DowntimeEvent {
    const FEED: Feed = Feed::Downtime;
    const TABLES: &'static [&'static str] = &["downtime_events"];
    const BY_KEY: &'static str = "id = ?1";
    const OF_TIME: Option<OfTime> = Some(LASTING);
    const RETENTION: Option<&'static str> = Some("ended_at < ?1");

    versioned!(id);

    fn is_deleted(&self) -> bool {
        self.deleted
    }

    fn settle_absent(tx: &Transaction<'_>, absent: &[Absent], _answer: &[Self]) -> Result<u32, Problem> {
        end_stops(tx, absent)
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_downtime(tx, self, synced_at)
    }
}

impl MirrorRecord for ProductionOrder {
    const FEED: Feed = Feed::ProductionOrders;
    const TABLES: &'static [&'static str] = &["production_orders"];
    const BY_KEY: &'static str = "id = ?1";
    /// Open orders are told whenever they are planned; those that ended stay when the MES has forgotten them.
    const OF_TIME: Option<OfTime> = Some(OfTime {
        rows: "status NOT IN ('completed', 'cancelled') AND ?1 < ?2",
        span: ["actual_start", "actual_end"],
        part_key: "id",
    });
    const RETENTION: Option<&'static str> =
        Some("status IN ('completed', 'cancelled') AND coalesce(actual_end, source_time) < ?1");

    versioned!(id);

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_production_order(tx, self, synced_at)
    }
}

impl MirrorRecord for QualityReport {
    const FEED: Feed = Feed::Quality;
    const TABLES: &'static [&'static str] =
        &["quality_reports", "quality_characteristics", "quality_defects"];
    const BY_KEY: &'static str = "id = ?1";
    const BY_KEY_IN_PARTS: &'static str = "report_id = ?1";
    const OF_TIME: Option<OfTime> = Some(OfTime {
        rows: "inspected_at >= ?1 AND inspected_at < ?2",
        span: ["inspected_at", "inspected_at"],
        part_key: "report_id",
    });
    const RETENTION: Option<&'static str> = Some("inspected_at < ?1");

    versioned!(id);

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_report(tx, self, synced_at)
    }
}

impl MirrorRecord for StateSegment {
    const FEED: Feed = Feed::MachineHistory;
    const TABLES: &'static [&'static str] = &["machine_states"];
    const BY_KEY: &'static str = "machine_id = ?1 ->> 0 AND started_at = ?1 ->> 1";
    const ROW_KEY: &'static str = "json_array(machine_id, started_at)";
    const OF_TIME: Option<OfTime> = Some(LASTING);
    /// Its row says all of it, and there are many.
    const IS_KEPT_WHOLE: bool = false;
    const RETENTION: Option<&'static str> = Some("ended_at < ?1");

    fn key(&self) -> String {
        serde_json::json!([self.machine_id, self.start.to_string()]).to_string()
    }

    fn version(&self) -> i64 {
        0
    }

    fn updated_at(&self) -> Option<Timestamp> {
        None
    }

    fn settle_absent(tx: &Transaction<'_>, absent: &[Absent], answer: &[Self]) -> Result<u32, Problem> {
        settle_segments(tx, absent, answer)
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_segment(tx, self, synced_at)
    }
}

impl MirrorRecord for Shift {
    const FEED: Feed = Feed::Calendar;
    const TABLES: &'static [&'static str] = &["shifts", "shift_breaks"];
    const BY_KEY: &'static str = "id = ?1";
    const BY_KEY_IN_PARTS: &'static str = "shift_id = ?1";
    const OF_TIME: Option<OfTime> = Some(LASTING);
    const RETENTION: Option<&'static str> = Some("ended_at < ?1");

    fn key(&self) -> String {
        self.id.clone()
    }

    fn version(&self) -> i64 {
        0
    }

    fn updated_at(&self) -> Option<Timestamp> {
        None
    }

    fn add_rows(&self, tx: &Transaction<'_>, synced_at: Timestamp) -> rusqlite::Result<()> {
        tables::add_shift(tx, self, synced_at)
    }
}
