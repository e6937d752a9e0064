//! Lists of the contract: pages by cursor, entity tags, and problems as RFC 9457 words them.

use std::collections::HashSet;

use andon_domain::text::visible;
use andon_domain::{PortError, PortErrorKind, System, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Mes;
use super::records::{Merge, Versioned};
use crate::transport::{Answer, Call, http_date};

/// Pages of one list at most.
const MAX_PAGES: u32 = 1_000;
/// Records of one list at most.
const MAX_RECORDS: usize = 10_000;

/// A list read to its end or to a limit.
#[derive(Debug)]
pub(super) struct Listed<R> {
    pub(super) records: Vec<R>,
    /// Items without a usable key.
    pub(super) dropped: u32,
    pub(super) total: Option<u64>,
    /// A limit, or the MES itself, ended the list early.
    pub(super) is_truncated: bool,
    pub(super) warnings: Vec<String>,
    /// When the data is from.
    pub(super) as_of: Option<Timestamp>,
    pub(super) server_time: Option<Timestamp>,
    /// Entity tag, where one answer was the whole list.
    pub(super) tag: Option<String>,
}

/// What a conditional read brought.
#[derive(Debug)]
pub(super) enum Read<R> {
    /// The list.
    List(Listed<R>),
    /// Nothing changed since the tag was given out.
    Unchanged(Option<Timestamp>),
}

#[derive(Deserialize)]
struct PageBody<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    as_of: Option<String>,
    #[serde(default)]
    server_time: Option<String>,
}

impl Mes {
    /// An address under the connection.
    pub(super) fn address(&self, path: &str, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.transport.endpoint().clone();
        url.set_path(&format!("{}{path}", url.path()));
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        url
    }

    /// The whole list, unless `tag` says that nothing changed.
    pub(super) async fn list<R: Versioned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        tag: Option<&str>,
    ) -> Result<Read<R>, PortError> {
        let mut has_expired = false;
        loop {
            match self.pages(path, parameters, tag).await {
                // A cursor may expire; the list is then read once more from its beginning.
                Err(Ended::CursorExpired(_)) if !has_expired => has_expired = true,
                Err(Ended::CursorExpired(error) | Ended::Failed(error)) => return Err(error),
                Ok(read) => return Ok(read),
            }
        }
    }

    async fn pages<R: Versioned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        tag: Option<&str>,
    ) -> Result<Read<R>, Ended> {
        let mut merge = Merge::default();
        let mut listed = Listed {
            records: Vec::new(),
            dropped: 0,
            total: None,
            is_truncated: false,
            warnings: Vec::new(),
            as_of: None,
            server_time: None,
            tag: None,
        };
        let (mut seen, mut cursor, mut pages) = (HashSet::new(), None::<String>, 0);
        loop {
            let mut with_cursor = parameters.to_vec();
            with_cursor.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let tag = tag.filter(|_| cursor.is_none());
            let answer = self.page(self.address(path, &with_cursor), tag).await?;
            let date = http_date(answer.header("date"));
            if answer.status == 304 {
                return Ok(Read::Unchanged(date));
            }
            if answer.status == 410 && cursor.is_some() {
                return Err(Ended::CursorExpired(problem(&answer)));
            }
            if answer.status != 200 {
                return Err(Ended::Failed(problem(&answer)));
            }
            let page: PageBody<'_> = parse(&answer)?;
            pages += 1;
            let instant = |text: &Option<String>| text.as_deref().and_then(Timestamp::parse);
            listed.total = listed.total.or(page.total);
            // The oldest page dates the list; the newest answer tells the clock.
            listed.as_of = listed.as_of.or_else(|| instant(&page.as_of));
            listed.server_time = instant(&page.server_time).or(date).or(listed.server_time);
            let mut has_new = false;
            for item in &page.items {
                match R::read(item, &self.words) {
                    Some(record) => has_new |= merge.put(record),
                    None => listed.dropped += 1,
                }
            }
            let Some(next) = page.next_cursor.filter(|next| !next.is_empty()) else {
                let etag = answer.header("etag");
                listed.tag = (pages == 1 && !etag.is_empty()).then(|| etag.to_owned());
                break;
            };
            let early = if !has_new {
                Some("the MES sent a page without anything new; the list may be incomplete")
            } else if !seen.insert(next.clone()) {
                Some("the MES sent the same cursor twice; the list may be incomplete")
            } else if pages >= MAX_PAGES || merge.records.len() >= MAX_RECORDS {
                Some("the list is longer than can be read at once")
            } else {
                None
            };
            if let Some(reason) = early {
                tracing::warn!(path, reason, "a list of the MES ended early");
                listed.is_truncated = true;
                listed.warnings.push(reason.to_owned());
                break;
            }
            cursor = Some(next);
        }
        listed.records = merge.records;
        if listed.dropped > 0 {
            listed
                .warnings
                .push(format!("{} records without a key were left out", listed.dropped));
        }
        Ok(Read::List(listed))
    }

    async fn page(&self, address: Url, tag: Option<&str>) -> Result<Answer, Ended> {
        let mut call = Call::new(address).header("accept", "application/json");
        if let Some(tag) = tag {
            call = call.header("if-none-match", tag);
        }
        self.transport.get(&call).await.map_err(Ended::Failed)
    }
}

enum Ended {
    CursorExpired(PortError),
    Failed(PortError),
}

impl From<PortError> for Ended {
    fn from(error: PortError) -> Self {
        Self::Failed(error)
    }
}

/// Reads a JSON body.
pub(super) fn parse<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<T, PortError> {
    let body = answer.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&answer.body);
    serde_json::from_slice(body).map_err(|e| {
        let message = "answered with data that does not follow the contract";
        answer
            .failure(System::Mes, PortErrorKind::Protocol, message)
            .detail(e.to_string())
    })
}

/// The failure an answer stands for that is not what was asked for.
pub(super) fn problem(answer: &Answer) -> PortError {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Problem {
        title: Option<String>,
        detail: Option<String>,
        trace_id: Option<String>,
    }
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = problem
        .detail
        .or(problem.title)
        .filter(|text| !text.trim().is_empty());
    let (kind, ours) = match answer.status {
        200..=299 => (
            PortErrorKind::Protocol,
            "answered something that is not of the contract",
        ),
        300..=399 => (
            PortErrorKind::Protocol,
            "sends us to another address, which is never followed",
        ),
        403 => (PortErrorKind::Forbidden, "does not permit this to the connection"),
        404 | 410 => (PortErrorKind::NotFound, "has nothing at this address"),
        408 | 429 => (PortErrorKind::Unavailable, "asks for fewer requests"),
        400..=499 => (PortErrorKind::Rejected, "did not accept the request"),
        503 => (PortErrorKind::Unavailable, "is overloaded or being maintained"),
        _ => (PortErrorKind::Unavailable, "has trouble of its own"),
    };
    let message = said.map_or_else(|| ours.to_owned(), |text| visible(&text, 300));
    let body = visible(&String::from_utf8_lossy(&answer.body), 500);
    let trace = problem.trace_id.unwrap_or_default();
    answer
        .failure(System::Mes, kind, message)
        .detail(format!("status {}, trace {trace}: {body}", answer.status))
}
