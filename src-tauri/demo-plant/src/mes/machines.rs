//! The four kinds of line of the demo plant, their machines and what can go wrong with them. A larger plant has more lines
//! of the same kinds. Rates differ by line on purpose, so that the screens have something to compare.

use super::inspections::{self, Check};

/// A kind of line; the demo's four lines are one of each.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) area: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) machine_name: &'static str,
    /// Cycle times per piece, slowest machine last, in milliseconds.
    pub(crate) cycle_ms: [i64; 6],
    pub(crate) products: &'static [(&'static str, &'static str)],
    pub(crate) breakdowns: &'static [Cause],
    pub(crate) metrics: &'static [MetricKind],
    pub(crate) rates: Rates,
    pub(crate) check: &'static Check,
}

/// How a line usually fares. Minutes are means.
#[derive(Debug)]
pub(crate) struct Rates {
    /// Running between two stops.
    pub(crate) running_min: i64,
    pub(crate) repair_min: i64,
    pub(crate) waiting_min: i64,
    /// Of a hundred stops: minor stops, breakdowns, tool changes, waits; the rest is planned maintenance.
    pub(crate) stops: [i64; 4],
    /// What a piece really takes, in percent of the planned cycle.
    pub(crate) pace_percent: (i64, i64),
    pub(crate) scrap_per_mille: i64,
    pub(crate) rework_per_mille: i64,
    /// What the planner allows for an order, in percent of its pure cycle time.
    pub(crate) planning_percent: i64,
}

/// A reason for standing still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) code: &'static str,
    pub(crate) text: &'static str,
    pub(crate) group: &'static str,
    pub(crate) alarm: &'static str,
}

/// A measured value: what it is around while running, and how far it strays.
#[derive(Debug)]
pub(crate) struct MetricKind {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) tenths: i64,
    pub(crate) spread_tenths: i64,
    pub(crate) is_zero_at_rest: bool,
}

const fn cause(code: &'static str, text: &'static str, group: &'static str, alarm: &'static str) -> Cause {
    Cause {
        code,
        text,
        group,
        alarm,
    }
}

const fn metric(name: &'static str, unit: &'static str, tenths: i64, spread: i64, zero: bool) -> MetricKind {
    MetricKind {
        name,
        unit,
        tenths,
        spread_tenths: spread,
        is_zero_at_rest: zero,
    }
}

pub(crate) const MINOR_STOPS: &[Cause] = &[
    cause("N01", "Sensor misread", "minor", ""),
    cause("N02", "Part misaligned", "minor", ""),
    cause("N03", "Short material jam", "minor", ""),
];

pub(crate) const WAITS: &[Cause] = &[
    cause("W01", "Waiting for material", "logistics", ""),
    cause("W02", "Waiting for operator", "staff", ""),
    cause("W03", "Next machine full", "flow", ""),
];

pub(crate) const CHANGE_OVER: Cause = cause("R01", "Order change-over", "setup", "");
pub(crate) const TOOL_CHANGE: Cause = cause("R02", "Tool change", "setup", "");

pub(crate) const MAINTENANCE: &[Cause] = &[
    cause("P01", "Planned inspection", "maintenance", ""),
    cause("P02", "Lubrication plan", "maintenance", ""),
];

/// Why a machine stands while its order is on hold.
pub(crate) const ON_HOLD: Cause = cause("H01", "Order on hold", "order", "");

/// What somebody writes who corrects a recorded reason later.
pub(crate) const CORRECTION: &str = "Reason corrected by the shift lead";

pub(crate) static LINES: &[Line] = &[
    Line {
        area: "Cold rolling",
        prefix: "CR",
        machine_name: "Cold mill",
        cycle_ms: [22_000, 24_000, 24_000, 26_000, 30_000, 34_000],
        products: &[
            ("STR-DC01-080", "Strip DC01 0.80 mm"),
            ("STR-S355-120", "Strip S355 1.20 mm"),
        ],
        breakdowns: &[
            cause(
                "M101",
                "Work roll bearing too hot",
                "mechanical",
                "Bearing temperature high",
            ),
            cause(
                "H204",
                "Hydraulic pressure low",
                "hydraulic",
                "Roll gap hydraulics: pressure low",
            ),
            cause(
                "E310",
                "Main drive fault",
                "electrical",
                "Drive converter tripped",
            ),
            cause("S120", "Strip break", "process", "Strip tension lost"),
        ],
        metrics: &[
            metric("strip_speed", "m/min", 4_200, 350, true),
            metric("roll_force", "kN", 64_000, 2_500, true),
            metric("oil_temperature", "Cel", 465, 25, false),
        ],
        rates: Rates {
            running_min: 45,
            repair_min: 22,
            waiting_min: 6,
            stops: [52, 16, 9, 20],
            pace_percent: (101, 111),
            scrap_per_mille: 14,
            rework_per_mille: 6,
            planning_percent: 135,
        },
        check: &inspections::STRIP,
    },
    Line {
        area: "Slitting",
        prefix: "SL",
        machine_name: "Slitter",
        cycle_ms: [14_000, 15_000, 15_000, 16_000, 18_000, 20_000],
        products: &[
            ("SLT-080-120", "Slit strip 0.80 x 120"),
            ("SLT-120-065", "Slit strip 1.20 x 65"),
        ],
        breakdowns: &[
            cause(
                "M111",
                "Knife shaft blocked",
                "mechanical",
                "Knife shaft torque high",
            ),
            cause(
                "H205",
                "Coil car leaks oil",
                "hydraulic",
                "Coil car: oil level low",
            ),
            cause(
                "E311",
                "Recoiler drive fault",
                "electrical",
                "Recoiler converter tripped",
            ),
            cause("S121", "Edge trim jammed", "process", "Trim chopper blocked"),
        ],
        metrics: &[
            metric("strip_speed", "m/min", 1_800, 120, true),
            metric("strip_tension", "kN", 185, 12, true),
        ],
        rates: Rates {
            running_min: 32,
            repair_min: 28,
            waiting_min: 8,
            stops: [45, 20, 13, 20],
            pace_percent: (107, 117),
            scrap_per_mille: 9,
            rework_per_mille: 4,
            planning_percent: 165,
        },
        check: &inspections::SLIT,
    },
    Line {
        area: "Press shop",
        prefix: "PS",
        machine_name: "Press",
        cycle_ms: [5_000, 5_500, 6_000, 6_000, 7_000, 8_000],
        products: &[
            ("BRK-2210", "Bracket 2210"),
            ("PAN-0450", "Floor panel 450"),
            ("CVR-0087", "Cover 87"),
        ],
        breakdowns: &[
            cause("M131", "Die clamp fault", "mechanical", "Die clamp 3 not closed"),
            cause(
                "H208",
                "Slide overload",
                "hydraulic",
                "Overload protection released",
            ),
            cause(
                "E312",
                "Light curtain fault",
                "electrical",
                "Light curtain: self test failed",
            ),
            cause("S122", "Double blank", "process", "Double blank detected"),
        ],
        metrics: &[
            metric("press_force", "kN", 18_500, 900, true),
            metric("stroke_rate", "/min", 105, 8, true),
        ],
        rates: Rates {
            running_min: 38,
            repair_min: 16,
            waiting_min: 4,
            stops: [60, 12, 10, 16],
            pace_percent: (101, 106),
            scrap_per_mille: 21,
            rework_per_mille: 9,
            planning_percent: 125,
        },
        check: &inspections::PRESSED,
    },
    Line {
        area: "Weld cells",
        prefix: "WC",
        machine_name: "Weld cell",
        cycle_ms: [38_000, 40_000, 42_000, 45_000, 48_000, 52_000],
        products: &[("FRM-1102", "Frame 1102"), ("SUB-0331", "Subframe 331")],
        breakdowns: &[
            cause(
                "M141",
                "Torch collision",
                "mechanical",
                "Torch shock sensor tripped",
            ),
            cause(
                "G150",
                "Shielding gas low",
                "media",
                "Shielding gas: flow below limit",
            ),
            cause(
                "E313",
                "Robot axis fault",
                "electrical",
                "Axis 4: following error",
            ),
            cause(
                "S123",
                "Wire feed blocked",
                "process",
                "Wire feed: motor current high",
            ),
        ],
        metrics: &[
            metric("weld_current", "A", 2_350, 90, true),
            metric("gas_flow", "L/min", 152, 8, true),
        ],
        rates: Rates {
            running_min: 32,
            repair_min: 32,
            waiting_min: 9,
            stops: [44, 21, 11, 22],
            pace_percent: (109, 120),
            scrap_per_mille: 38,
            rework_per_mille: 24,
            planning_percent: 180,
        },
        check: &inspections::WELDED,
    },
];
