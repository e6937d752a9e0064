//! The rules that all lists of "Plant REST v1" share: limits, cursors, filters, times, and their refusals.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

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
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            title: "Bad Request",
            detail: detail.into(),
        }
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self {
            status: 404,
            title: "Not Found",
            detail: detail.into(),
        }
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

/// A record with what lists need to know about it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The list's order.
    pub(crate) key: String,
    pub(crate) machine_id: String,
    pub(crate) work_center: &'static str,
    pub(crate) area: &'static str,
    pub(crate) status: &'static str,
    pub(crate) updated_ms: i64,
    /// The interval the record covers; an open end is `i64::MAX`.
    pub(crate) interval: Option<(i64, i64)>,
    pub(crate) body: Value,
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

    fn lets_through(&self, entry: &Entry) -> bool {
        let named =
            |set: &Option<BTreeSet<String>>, value: &str| set.as_ref().is_none_or(|set| set.contains(value));
        let overlaps = entry.interval.is_none_or(|(start, end)| {
            self.until_ms.is_none_or(|until| start < until) && self.since_ms.is_none_or(|since| end > since)
        });
        named(&self.machine_ids, &entry.machine_id)
            && named(&self.statuses, entry.status)
            && self
                .work_center
                .as_deref()
                .is_none_or(|wanted| wanted == entry.work_center)
            && self.area.as_deref().is_none_or(|wanted| wanted == entry.area)
            && self
                .updated_since_ms
                .is_none_or(|since| entry.updated_ms >= since)
            && overlaps
    }

    /// The page of these entries: the items, the next cursor and the total.
    pub(crate) fn page(&self, entries: Vec<Entry>) -> Result<(Vec<Value>, Option<String>, usize), Problem> {
        let mut hits: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| self.lets_through(entry))
            .collect();
        hits.sort_by(|a, b| a.key.cmp(&b.key));
        let total = hits.len();
        if let Some(cursor) = &self.cursor {
            let after = self.read_cursor(cursor)?;
            hits.retain(|entry| entry.key > after);
        }
        let next = (hits.len() > self.limit).then(|| self.write_cursor(&hits[self.limit - 1].key));
        hits.truncate(self.limit);
        Ok((hits.into_iter().map(|entry| entry.body).collect(), next, total))
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
            let detail = "the cursor has expired. Start again without it".to_owned();
            return Err(Problem {
                status: 410,
                title: "Gone",
                detail,
            });
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

    fn entries() -> Vec<Entry> {
        (0..5)
            .map(|n| Entry {
                key: format!("{n}"),
                machine_id: format!("M-{n}"),
                work_center: "L1",
                area: "Rolling",
                status: if n == 0 { "down" } else { "running" },
                updated_ms: n * 1000,
                interval: Some((n * 1000, (n + 1) * 1000)),
                body: json!(n),
            })
            .collect()
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
            let (items, next, total) = select(&pairs, 0).unwrap().page(entries()).unwrap();
            assert_eq!(total, 5);
            seen.extend(items);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4].map(|n| json!(n)));
    }

    #[test]
    fn foreign_and_old_cursors_are_refused() {
        let (_, cursor, _) = select(&[("area", "Rolling")], 0)
            .unwrap()
            .page(entries())
            .unwrap();
        let cursor = cursor.unwrap();
        let status = |pairs: &[(&str, &str)], now| {
            select(pairs, now)
                .unwrap()
                .page(entries())
                .map_err(|problem| problem.status)
                .map(|_| ())
        };
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
        let count = |pairs: &[(&str, &str)]| select(pairs, 0).unwrap().page(entries()).unwrap().2;
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
