//! What is inspected on each kind of line: characteristics with their limits, and the defects that are found.

/// What an inspection looks at.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) characteristics: &'static [Characteristic],
    pub(crate) defects: &'static [Defect],
    /// Whether each piece has a number of its own.
    pub(crate) has_serial: bool,
}

/// A measured characteristic; numbers are in steps of its last decimal.
#[derive(Debug)]
pub(crate) struct Characteristic {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// UCUM.
    pub(crate) unit: &'static str,
    pub(crate) decimals: u32,
    pub(crate) target: i64,
    pub(crate) lower: i64,
    pub(crate) upper: i64,
}

/// A kind of defect.
#[derive(Debug)]
pub(crate) struct Defect {
    pub(crate) code: &'static str,
    pub(crate) text: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) location: &'static str,
}

const fn measure(
    id: &'static str,
    name: &'static str,
    unit: &'static str,
    decimals: u32,
    limits: (i64, i64, i64),
) -> Characteristic {
    Characteristic {
        id,
        name,
        unit,
        decimals,
        lower: limits.0,
        target: limits.1,
        upper: limits.2,
    }
}

const fn defect(
    code: &'static str,
    text: &'static str,
    severity: &'static str,
    location: &'static str,
) -> Defect {
    Defect {
        code,
        text,
        severity,
        location,
    }
}

pub(crate) static STRIP: Check = Check {
    characteristics: &[
        measure("DEV", "Thickness deviation", "um", 0, (-20, 0, 20)),
        measure("RA", "Roughness Ra", "um", 2, (60, 110, 160)),
        measure("FLT", "Flatness", "[I-unit]", 1, (0, 40, 120)),
    ],
    defects: &[
        defect("Q101", "Thickness out of limits", "major", "strip centre"),
        defect("Q102", "Roll mark", "minor", "top side"),
        defect("Q103", "Edge crack", "critical", "drive side"),
    ],
    has_serial: false,
};

pub(crate) static SLIT: Check = Check {
    characteristics: &[
        measure("WDT", "Width deviation", "mm", 2, (-10, 0, 10)),
        measure("BUR", "Burr height", "mm", 3, (0, 25, 60)),
    ],
    defects: &[
        defect("Q111", "Burr too high", "major", "cut edge"),
        defect("Q112", "Width out of limits", "major", "full length"),
        defect("Q113", "Edge wave", "minor", "operator side"),
    ],
    has_serial: false,
};

pub(crate) static PRESSED: Check = Check {
    characteristics: &[
        measure("HOL", "Hole distance", "mm", 2, (14_985, 15_000, 15_015)),
        measure("FLG", "Flange angle", "deg", 1, (893, 900, 907)),
        measure("THN", "Thinning", "%", 1, (0, 90, 200)),
    ],
    defects: &[
        defect("Q121", "Crack at the radius", "critical", "radius 2"),
        defect("Q122", "Flange angle out of limits", "major", "flange left"),
        defect("Q123", "Scratch", "minor", "visible side"),
        defect("Q124", "Burr", "minor", "hole 3"),
    ],
    has_serial: false,
};

pub(crate) static WELDED: Check = Check {
    characteristics: &[
        measure("THR", "Throat thickness", "mm", 1, (35, 42, 50)),
        measure("PEN", "Penetration", "mm", 2, (80, 140, 220)),
        measure("GAP", "Position deviation", "mm", 2, (-80, 0, 80)),
    ],
    defects: &[
        defect("Q131", "Pore", "minor", "seam 4"),
        defect("Q132", "Lack of fusion", "critical", "seam 2"),
        defect("Q133", "Spatter", "minor", "flange"),
        defect("Q134", "Frame out of position", "major", "mount rear"),
    ],
    has_serial: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_lie_between_their_limits() {
        for check in [&STRIP, &SLIT, &PRESSED, &WELDED] {
            assert!(!check.defects.is_empty());
            for characteristic in check.characteristics {
                assert!(
                    characteristic.lower < characteristic.target
                        && characteristic.target < characteristic.upper,
                    "{}",
                    characteristic.name
                );
            }
        }
    }
}
