//! The complexity score: a joined table 2, a WHERE or FILTER 1, a SELECT nested in parentheses 3, a GROUP BY 1.
//!
//! A CTE body is nested in parentheses and counts; a branch of a set operation does not.

use std::fmt;

use serde::Serialize;

/// What a part of the score counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// A join, written out or by comma: 2 each.
    Join,
    /// A WHERE clause or a FILTER: 1 each.
    Where,
    /// A SELECT nested in parentheses, CTE bodies included: 3 each.
    Subquery,
    /// A GROUP BY clause: 1 each.
    GroupBy,
}

impl ScoreKind {
    /// Points for one occurrence.
    #[must_use]
    pub const fn weight(self) -> u32 {
        match self {
            Self::Join => 2,
            Self::Where | Self::GroupBy => 1,
            Self::Subquery => 3,
        }
    }
}

impl fmt::Display for ScoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Join => "join",
            Self::Where => "where",
            Self::Subquery => "subquery",
            Self::GroupBy => "group by",
        })
    }
}

/// One line of the score: how often something occurs and what that costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ScorePart {
    /// What is counted.
    pub kind: ScoreKind,
    /// How often it occurs.
    pub count: u32,
    /// Occurrences times weight.
    pub points: u32,
}

impl fmt::Display for ScorePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {} = {}", self.count, self.kind, self.points)
    }
}

/// The complexity of a query, with its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Sum of all parts.
    pub total: u32,
    /// The highest total the policy allows.
    pub limit: u32,
    /// The parts that occur, in a fixed order.
    pub parts: Vec<ScorePart>,
}

/// Counts while the tree is walked.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) joins: u32,
    pub(crate) wheres: u32,
    pub(crate) subqueries: u32,
    pub(crate) group_bys: u32,
}

impl Tally {
    pub(crate) fn score(&self, limit: u32) -> Score {
        let parts: Vec<ScorePart> = [
            (ScoreKind::Join, self.joins),
            (ScoreKind::Where, self.wheres),
            (ScoreKind::Subquery, self.subqueries),
            (ScoreKind::GroupBy, self.group_bys),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| ScorePart {
            kind,
            count,
            points: count * kind.weight(),
        })
        .collect();
        Score {
            total: parts.iter().map(|part| part.points).sum(),
            limit,
            parts,
        }
    }
}
