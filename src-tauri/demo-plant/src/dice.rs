//! Repeatable chance: everything the plant makes up comes from one seed through here.
//! SplitMix64, because a demo needs the same story twice and no secrets; credentials never come from it.

/// A stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// A stream for one purpose; the label keeps two purposes of one seed apart.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let mut state = seed ^ 0x51_7C_C1_B7_27_22_0A_95;
        for byte in label.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let mut dice = Self { state };
        dice.draw();
        dice
    }

    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        let span = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.draw() % span)
    }

    /// True in `percent` of a hundred draws.
    pub(crate) fn chance(&mut self, percent: i64) -> bool {
        self.between(0, 99) < percent
    }

    /// How many of `pieces` meet a fate that `per_mille` of a thousand meet; small lots draw piece by piece.
    pub(crate) fn share(&mut self, pieces: i64, per_mille: i64) -> i64 {
        if pieces <= 20 {
            return (0..pieces)
                .map(|_| i64::from(self.between(0, 999) < per_mille))
                .sum();
        }
        let expected = pieces * per_mille * self.between(60, 140);
        let (whole, rest) = (expected / 100_000, expected % 100_000);
        (whole + i64::from(self.between(0, 99_999) < rest)).min(pieces)
    }

    /// One of the items; `None` only for an empty slice.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let last = items.len().checked_sub(1)?;
        let index = self.between(0, i64::try_from(last).unwrap_or(0));
        items.get(usize::try_from(index).unwrap_or(0))
    }

    /// A waiting time around `mean`, skewed to short ones as breakdowns are, within a quarter and three times of it.
    pub(crate) fn dwell(&mut self, mean_ms: i64) -> i64 {
        let first = self.between(0, mean_ms);
        let second = self.between(0, mean_ms / 2);
        (mean_ms / 4 + first + second).clamp(mean_ms / 4, mean_ms * 3)
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let (mut a, mut b) = (Dice::new(7, "orders"), Dice::new(7, "orders"));
        assert!(
            (0..50).all(|_| a.between(0, 1000) == b.between(0, 1000)),
            "streams differ"
        );
        let (mut a, mut b) = (Dice::new(7, "orders"), Dice::new(7, "stock"));
        assert!(
            (0..50).any(|_| a.between(0, 1000) != b.between(0, 1000)),
            "labels do not matter"
        );
    }

    #[test]
    fn draws_stay_within_their_limits() {
        let mut dice = Dice::new(1, "limits");
        for _ in 0..1000 {
            assert!((3..=9).contains(&dice.between(3, 9)), "out of range");
            let dwell = dice.dwell(60_000);
            assert!((15_000..=180_000).contains(&dwell), "dwell out of range: {dwell}");
        }
        assert_eq!(dice.between(5, 5), 5);
        for pieces in [0, 1, 20, 21, 5_000] {
            let share = dice.share(pieces, 20);
            assert!((0..=pieces).contains(&share), "{share} of {pieces}");
        }
        let many: i64 = (0..1_000).map(|_| dice.share(100, 20)).sum();
        assert!((1_800..=2_200).contains(&many), "2 % of 100,000 are not {many}");
        assert_eq!(dice.pick::<u8>(&[]), None);
    }
}
