//! Parameters of the operations of the MES.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{Check, Problems, reread, rows_of};
use crate::amount::Amount;
use crate::canonical::CanonicalJson;
use crate::operations::{Description, InvalidParameters};

/// Filters of `mes.get_machine_status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMachineStatus {
    /// One machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Machines of this line (ISA-95 work center).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_center: Option<String>,
    /// Machines of this area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// running, idle, setup, down, maintenance, offline or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Filters of `mes.get_downtime_events`. Without a time, the last 8 hours and what is still open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetDowntimeEvents {
    /// From, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// To, RFC 3339 with offset, not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// One machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Machines of this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_center: Option<String>,
    /// Machines of this area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
}

/// Filters of `mes.get_production_orders`. Without a status, those planned, released, active or paused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetProductionOrders {
    /// One order by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// planned, released, active, paused, completed, cancelled or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Orders on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Orders on this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_center: Option<String>,
    /// Orders in this area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// Planned or running at or after, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Planned or running before, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Filters of `mes.get_quality_reports`. Without a time, the last 8 hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetQualityReports {
    /// From, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// To, RFC 3339 with offset, not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// One machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Machines of this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_center: Option<String>,
    /// Machines of this area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// pass, fail, conditional, pending or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// Filters of `mes.get_machine_history`. Without a time, the last 8 hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMachineHistory {
    /// From, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// To, RFC 3339 with offset, not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// One machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    /// Machines of this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_center: Option<String>,
    /// Machines of this area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
}

/// Window of `mes.get_shift_calendar`. Without a time, a day back and a day ahead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetShiftCalendar {
    /// From, RFC 3339 with offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// To, RFC 3339 with offset, not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Parameters of `mes.hold_production_order` and `mes.release_production_order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeProductionOrder {
    /// The order's id.
    pub order_id: String,
    /// Version of the order that was read; the MES refuses when it has changed since.
    pub version: i64,
    /// Why, for the people at the line: 1 to 200 characters.
    pub reason: String,
}

/// Parameters of `mes.set_cycle_target`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetCycleTarget {
    /// The machine's id.
    pub machine_id: String,
    /// Version of the machine's record that was read; the MES refuses when it has changed since.
    pub version: i64,
    /// The planned seconds per piece now, as read.
    pub current_cycle_s: Amount,
    /// The planned seconds per piece wanted: above 0, at most 3600, at most 3 decimals.
    pub cycle_s: Amount,
    /// Why, for the people at the line: 1 to 200 characters.
    pub reason: String,
}

impl SetCycleTarget {
    /// How far the wanted time is from the present one, in percent of it; never negative. `None` when it cannot be computed.
    #[must_use]
    pub fn change_percent(&self) -> Option<Amount> {
        let (now, wanted) = (self.current_cycle_s.value(), self.cycle_s.value());
        let change = wanted.checked_sub(now)?.abs().checked_mul(100.into())?;
        change
            .checked_div(now)
            .map(|percent| Amount::new(percent.normalize()))
    }
}

impl Check for GetMachineStatus {
    fn check(&self, p: &mut Problems) {
        p.optional_code("machine_id", self.machine_id.as_ref(), 128);
        p.optional_code("work_center", self.work_center.as_ref(), 128);
        p.optional_code("area", self.area.as_ref(), 128);
        let words = [
            "running",
            "idle",
            "setup",
            "down",
            "maintenance",
            "offline",
            "unknown",
        ];
        p.word("status", self.status.as_ref(), &words);
    }
}

impl Check for GetDowntimeEvents {
    fn check(&self, p: &mut Problems) {
        p.window(self.since.as_ref(), self.until.as_ref());
        places(
            p,
            self.machine_id.as_ref(),
            self.work_center.as_ref(),
            self.area.as_ref(),
        );
    }
}

impl Check for GetProductionOrders {
    fn check(&self, p: &mut Problems) {
        p.window(self.since.as_ref(), self.until.as_ref());
        p.optional_code("order_id", self.order_id.as_ref(), 128);
        places(
            p,
            self.machine_id.as_ref(),
            self.work_center.as_ref(),
            self.area.as_ref(),
        );
        let words = [
            "planned",
            "released",
            "active",
            "paused",
            "completed",
            "cancelled",
            "unknown",
        ];
        p.word("status", self.status.as_ref(), &words);
    }
}

impl Check for GetQualityReports {
    fn check(&self, p: &mut Problems) {
        p.window(self.since.as_ref(), self.until.as_ref());
        places(
            p,
            self.machine_id.as_ref(),
            self.work_center.as_ref(),
            self.area.as_ref(),
        );
        let words = ["pass", "fail", "conditional", "pending", "unknown"];
        p.word("result", self.result.as_ref(), &words);
    }
}

impl Check for GetMachineHistory {
    fn check(&self, p: &mut Problems) {
        p.window(self.since.as_ref(), self.until.as_ref());
        places(
            p,
            self.machine_id.as_ref(),
            self.work_center.as_ref(),
            self.area.as_ref(),
        );
    }
}

impl Check for GetShiftCalendar {
    fn check(&self, p: &mut Problems) {
        p.window(self.since.as_ref(), self.until.as_ref());
    }
}

impl Check for ChangeProductionOrder {
    fn check(&self, p: &mut Problems) {
        p.code("order_id", &self.order_id, 128);
        p.version(self.version);
        p.reason(&self.reason);
    }
}

impl Check for SetCycleTarget {
    fn check(&self, p: &mut Problems) {
        p.code("machine_id", &self.machine_id, 128);
        p.version(self.version);
        p.positive("current_cycle_s", self.current_cycle_s, 6, 86_400);
        p.positive("cycle_s", self.cycle_s, 3, 3_600);
        if self.current_cycle_s.value() == self.cycle_s.value() {
            p.add(
                "cycle_s",
                format!("is what it is already: {}", self.cycle_s),
                "Give another time, or leave the machine as it is.",
            );
        }
        p.reason(&self.reason);
    }
}

fn places(p: &mut Problems, machine: Option<&String>, line: Option<&String>, area: Option<&String>) {
    p.optional_code("machine_id", machine, 128);
    p.optional_code("work_center", line, 128);
    p.optional_code("area", area, 128);
}

/// Words for `mes.hold_production_order`, from the canonical bytes alone.
pub(in crate::operations) fn describe_hold_production_order(
    parameters: &CanonicalJson,
) -> Result<Description, InvalidParameters> {
    let change: ChangeProductionOrder = reread(parameters)?;
    Ok(Description {
        title: format!("Hold production order {}", change.order_id),
        sentence: format!(
            "Puts production order {} on hold in the MES, if it is still at version {}. Its machine stops after the piece \
             in work; it goes on when somebody releases the order.",
            change.order_id, change.version
        ),
        target: change.order_id,
        value: None,
        change_percent: None,
        rows: rows_of("", parameters.value()),
    })
}

/// Words for `mes.release_production_order`, from the canonical bytes alone.
pub(in crate::operations) fn describe_release_production_order(
    parameters: &CanonicalJson,
) -> Result<Description, InvalidParameters> {
    let change: ChangeProductionOrder = reread(parameters)?;
    Ok(Description {
        title: format!("Release production order {}", change.order_id),
        sentence: format!(
            "Releases production order {} in the MES, if it is still at version {}. From then on the line may start it.",
            change.order_id, change.version
        ),
        target: change.order_id,
        value: None,
        change_percent: None,
        rows: rows_of("", parameters.value()),
    })
}

/// Words for `mes.set_cycle_target`, from the canonical bytes alone.
pub(in crate::operations) fn describe_set_cycle_target(
    parameters: &CanonicalJson,
) -> Result<Description, InvalidParameters> {
    let change: SetCycleTarget = reread(parameters)?;
    let change_percent = change.change_percent();
    let direction = if change.cycle_s.value() < change.current_cycle_s.value() {
        "faster"
    } else {
        "slower"
    };
    let by = change_percent.map_or_else(String::new, |percent| {
        format!(", {} % {direction}", Amount::new(percent.value().round_dp(1)))
    });
    Ok(Description {
        title: format!(
            "Set cycle target of {} to {} s",
            change.machine_id, change.cycle_s
        ),
        sentence: format!(
            "Changes the planned time per piece of machine {} from {} s to {} s{by}, if its record is still at version {}. \
             Targets and OEE are counted with the new time from then on.",
            change.machine_id, change.current_cycle_s, change.cycle_s, change.version
        ),
        target: change.machine_id,
        value: None,
        change_percent,
        rows: rows_of("", parameters.value()),
    })
}
