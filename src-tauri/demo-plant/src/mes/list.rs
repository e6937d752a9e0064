//! The rules that all lists of "Plant REST v1" share: limits, cursors, filters, times, and their refusals.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

/// How long a cursor lives.
const CURSOR_LIFETIME_MS: i64 = 10 * 60 * 1000;

/// A refusal before it is dressed as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            title,
            detail: detail.into(),
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "Bad Request", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "Not Found", detail)
    }
}

/// The checked parameters of a list request.
#[derive(Debug)]
pub(crate) struct Selection {
    list: &'static str,
    limit: usize,
    machine_ids: Option<BTreeSet<String>>,
    work_center: Option<String>,
    area: Option<String>,
    statuses: Option<BTreeSet<String>>,
    pub(crate) since_ms: Option<i64>,
    pub(crate) until_ms: Option<i64>,
    updated_since_ms: Option<i64>,
    cursor: Option<String>,
    fingerprint: u64,
    now_ms: i64,
}

/// What a list is called and how long its pages are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) list: &'static str,
    pub(crate) default: usize,
    pub(crate) most: usize,
}

/// What filters look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) machine_id: &'a str,
    pub(crate) work_center: &'a str,
    pub(crate) area: &'a str,
    pub(crate) status: &'a str,
    pub(crate) updated_ms: i64,
    /// The interval the record covers; an open end is `i64::MAX`.
    pub(crate) interval: Option<(i64, i64)>,
}

/// A record that the filters let through, with its place in the list's order.
#[derive(Debug)]
pub(crate) struct Hit<R> {
    pub(crate) key: String,
    pub(crate) record: R,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<R> {
    pub(crate) records: Vec<R>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) total: usize,
}

impl Selection {
    pub(crate) fn parse(pairs: &[(String, String)], limits: Limits, now_ms: i64) -> Result<Self, Problem> {
        let find = |wanted: &str| {
            pairs
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.as_str())
        };
        let words = |wanted: &str| -> Option<BTreeSet<String>> {
            find(wanted).map(|list| list.split(',').map(|word| word.trim().to_owned()).collect())
        };
        let instant = |wanted: &str| find(wanted).map(|text| instant(wanted, text)).transpose();
        let limit = match find("limit") {
            None => limits.default,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=limits.most).contains(limit))
                .ok_or_else(|| {
                    Problem::bad_request(format!("limit must be from 1 to {}: {text}", limits.most))
                })?,
        };
        let (since_ms, until_ms) = (instant("since")?, instant("until")?);
        if let (Some(since), Some(until)) = (since_ms, until_ms)
            && until <= since
        {
            return Err(Problem::bad_request("until must be later than since"));
        }
        let mut hasher = DefaultHasher::new();
        let mut filters: Vec<&(String, String)> = pairs
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "cursor" | "limit"))
            .collect();
        filters.sort();
        (limits.list, filters).hash(&mut hasher);
        Ok(Self {
            list: limits.list,
            limit,
            machine_ids: words("machine_id"),
            work_center: find("work_center").map(str::to_owned),
            area: find("area").map(str::to_owned),
            statuses: words("status"),
            since_ms,
            until_ms,
            updated_since_ms: instant("updated_since")?,
            cursor: find("cursor").map(str::to_owned),
            fingerprint: hasher.finish(),
            now_ms,
        })
    }

    pub(crate) fn names_statuses(&self) -> bool {
        self.statuses.is_some()
    }

    /// Whether the caller named a window, or asks for what has changed, whenever it was.
    pub(crate) fn names_a_time(&self) -> bool {
        self.since_ms.is_some() || self.until_ms.is_some() || self.updated_since_ms.is_some()
    }

    /// Whether the caller wants this machine at all; cheaper than looking at each of its records.
    pub(crate) fn takes_machine(&self, id: &str) -> bool {
        self.machine_ids.as_ref().is_none_or(|ids| ids.contains(id))
    }

    pub(crate) fn takes(&self, facts: &Facts<'_>) -> bool {
        let overlaps = facts.interval.is_none_or(|(start, end)| {
            self.until_ms.is_none_or(|until| start < until) && self.since_ms.is_none_or(|since| end > since)
        });
        overlaps
            && self.takes_machine(facts.machine_id)
            && self
                .statuses
                .as_ref()
                .is_none_or(|statuses| statuses.contains(facts.status))
            && self
                .work_center
                .as_deref()
                .is_none_or(|wanted| wanted == facts.work_center)
            && self.area.as_deref().is_none_or(|wanted| wanted == facts.area)
            && self
                .updated_since_ms
                .is_none_or(|since| facts.updated_ms >= since)
    }

    /// The page that the cursor asks for.
    pub(crate) fn page<R>(&self, mut hits: Vec<Hit<R>>) -> Result<Page<R>, Problem> {
        let total = hits.len();
        if let Some(cursor) = &self.cursor {
            let after = self.read_cursor(cursor)?;
            hits.retain(|hit| hit.key > after);
        }
        hits.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let next_cursor = (hits.len() > self.limit).then(|| self.write_cursor(&hits[self.limit - 1].key));
        hits.truncate(self.limit);
        Ok(Page {
            records: hits.into_iter().map(|hit| hit.record).collect(),
            next_cursor,
            total,
        })
    }

    fn write_cursor(&self, key: &str) -> String {
        let cursor = json!([self.list, self.fingerprint, self.now_ms, key]);
        URL_SAFE_NO_PAD.encode(cursor.to_string())
    }

    fn read_cursor(&self, text: &str) -> Result<String, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let Ok((list, fingerprint, made_ms, key)) =
            serde_json::from_slice::<(String, u64, i64, String)>(&bytes)
        else {
            return Err(Problem::bad_request("the cursor is not one of ours"));
        };
        if list != self.list || fingerprint != self.fingerprint {
            return Err(Problem::bad_request(
                "the cursor belongs to another list or other filters",
            ));
        }
        if self.now_ms - made_ms > CURSOR_LIFETIME_MS {
            let detail = "the cursor has expired. Start again without it";
            return Err(Problem::new(410, "Gone", detail));
        }
        Ok(key)
    }
}

fn instant(name: &str, text: &str) -> Result<i64, Problem> {
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_| Problem::bad_request(format!("{name} must be an RFC 3339 time with an offset: {text}")))
}

/// A weak entity tag over what a reader would see change.
pub(crate) fn etag(content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("W/\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        list: "things",
        default: 2,
        most: 5,
    };

    fn select(pairs: &[(&str, &str)], now_ms: i64) -> Result<Selection, Problem> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        Selection::parse(&pairs, LIMITS, now_ms)
    }

    /// Five records, of those the ones that the filters let through.
    fn hits(selection: &Selection) -> Vec<Hit<i64>> {
        (0..5)
            .filter(|n| {
                selection.takes(&Facts {
                    machine_id: &format!("M-{n}"),
                    work_center: "L1",
                    area: "Rolling",
                    status: if *n == 0 { "down" } else { "running" },
                    updated_ms: n * 1000,
                    interval: Some((n * 1000, (n + 1) * 1000)),
                })
            })
            .map(|n| Hit {
                key: n.to_string(),
                record: n,
            })
            .collect()
    }

    fn page(pairs: &[(&str, &str)], now_ms: i64) -> Result<Page<i64>, Problem> {
        let selection = select(pairs, now_ms)?;
        selection.page(hits(&selection))
    }

    #[test]
    fn cursors_lead_through_all_pages() {
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut pairs = vec![("area", "Rolling")];
            if let Some(cursor) = &cursor {
                pairs.push(("cursor", cursor));
            }
            let page = page(&pairs, 0).unwrap();
            assert_eq!(page.total, 5);
            seen.extend(page.records);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn foreign_and_old_cursors_are_refused() {
        let cursor = page(&[("area", "Rolling")], 0).unwrap().next_cursor.unwrap();
        let status =
            |pairs: &[(&str, &str)], now| page(pairs, now).map_err(|problem| problem.status).map(|_| ());
        assert_eq!(status(&[("cursor", &cursor)], 0), Err(400), "other filters");
        assert_eq!(status(&[("cursor", "zzz")], 0), Err(400), "not a cursor");
        let old = CURSOR_LIFETIME_MS + 1;
        assert_eq!(
            status(&[("area", "Rolling"), ("cursor", &cursor)], old),
            Err(410),
            "expired"
        );
        assert_eq!(
            status(&[("area", "Rolling"), ("cursor", &cursor), ("limit", "1")], 0),
            Ok(())
        );
    }

    #[test]
    fn filters_select() {
        let count = |pairs: &[(&str, &str)]| page(pairs, 0).unwrap().total;
        assert_eq!(count(&[("status", "down, idle")]), 1);
        assert_eq!(count(&[("machine_id", "M-1,M-4,M-9")]), 2);
        assert_eq!(count(&[("work_center", "L2")]), 0);
        assert_eq!(count(&[("updated_since", "1970-01-01T00:00:03Z")]), 2);
        // Half-open: the record that ends where the window begins is not in it.
        assert_eq!(
            count(&[
                ("since", "1970-01-01T00:00:01Z"),
                ("until", "1970-01-01T00:00:03Z")
            ]),
            2
        );
    }

    #[test]
    fn wrong_parameters_are_refused() {
        for pair in [
            ("limit", "0"),
            ("limit", "6"),
            ("limit", "x"),
            ("since", "2026-01-01T00:00:00"),
            ("until", "yesterday"),
            ("updated_since", ""),
        ] {
            assert_eq!(
                select(&[pair], 0).map(|_| ()).map_err(|p| p.status),
                Err(400),
                "{pair:?}"
            );
        }
        let same = "2026-01-01T00:00:00Z";
        assert!(
            select(&[("since", same), ("until", same)], 0).is_err(),
            "an empty window"
        );
    }
}
