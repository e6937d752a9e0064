//! Lists of the contract: pages by cursor, entity tags, and problems as RFC 9457 words them.

use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use andon_domain::text::visible;
use andon_domain::{PortError, PortErrorKind, System, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Mes;
use super::clock::Reading;
use super::offers::Part;
use super::records::{Merge, Versioned};
use crate::transport::{Answer, Call, http_date, is_object};

/// Pages of one list at most.
const MAX_PAGES: u32 = 1_000;
/// Records of a read at most.
pub(super) const MAX_READ: usize = 10_000;
/// Records of a feed at most: a shift of a large plant.
pub(super) const MAX_FEED: usize = 100_000;
/// Bytes of all pages of one list at most.
const MAX_BYTES: usize = 48 * 1024 * 1024;
/// Words that nobody understands, named in one warning.
const SHOWN_WORDS: usize = 3;

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

/// Which list is wanted, and how much of it.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    pub(super) part: Part,
    pub(super) parameters: Vec<(&'a str, &'a str)>,
    /// Records at most.
    pub(super) most: usize,
}

/// What a conditional read brought.
#[derive(Debug)]
pub(super) enum Read<R> {
    /// The list.
    List(Listed<R>),
    /// Nothing changed since the tag was given out.
    Unchanged(Option<Timestamp>),
}

impl<R: Versioned> Listed<R> {
    const fn empty() -> Self {
        Self {
            records: Vec::new(),
            dropped: 0,
            total: None,
            is_truncated: false,
            warnings: Vec::new(),
            as_of: None,
            server_time: None,
            tag: None,
        }
    }

    /// Says once for the whole list what is odd about its records.
    fn warn(&mut self) {
        if self.dropped > 0 {
            let warning = format!("{} records without {} were left out", self.dropped, R::NEEDS);
            self.warnings.push(warning);
        }
        let incomplete = self
            .records
            .iter()
            .filter(|record| !record.incomplete().is_empty());
        match incomplete.count() {
            0 => {}
            count => self
                .warnings
                .push(format!("{count} records are incomplete and say what they lack")),
        }
        let words: BTreeSet<&str> = self.records.iter().filter_map(R::not_understood).collect();
        if !words.is_empty() {
            let shown: Vec<_> = words
                .iter()
                .take(SHOWN_WORDS)
                .map(|word| visible(word, 40))
                .collect();
            let more = if words.len() > SHOWN_WORDS { ", …" } else { "" };
            let warning = format!("status words that are not understood: {}{more}", shown.join(", "));
            self.warnings.push(warning);
        }
    }
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

    /// An address of one thing under `api/v1/`. `None` for a key that no address can hold.
    pub(super) fn address_of(&self, segments: &[&str]) -> Option<Url> {
        let mut url = self.transport.endpoint().clone();
        // These two are steps within a path and would lead somewhere else.
        if segments.iter().any(|segment| matches!(*segment, "." | ".." | "")) {
            return None;
        }
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(["api", "v1"])
            .extend(segments);
        Some(url)
    }

    /// The whole list.
    pub(super) async fn list<R: Versioned>(&self, ask: &Ask<'_>) -> Result<Listed<R>, PortError> {
        match self.read_list(ask, None).await? {
            Read::List(listed) => Ok(listed),
            Read::Unchanged(_) => Err(Self::failure(
                PortErrorKind::Protocol,
                "said unchanged without being asked",
            )),
        }
    }

    /// The whole list, or nothing where the MES says that nothing changed since the last time under this name.
    pub(super) async fn list_if_changed<R: Versioned>(
        &self,
        name: &'static str,
        ask: &Ask<'_>,
    ) -> Result<Read<R>, PortError> {
        let address = self.address_of_list(ask).to_string();
        let tags = || self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tags().get(name).cloned();
        let tag = kept.filter(|(of, _)| *of == address).map(|(_, tag)| tag);
        let read = self.read_list(ask, tag.as_deref()).await?;
        if let Read::List(listed) = &read {
            match &listed.tag {
                Some(tag) => tags().insert(name, (address, tag.clone())),
                None => tags().remove(name),
            };
        }
        Ok(read)
    }

    fn address_of_list(&self, ask: &Ask<'_>) -> Url {
        self.address(&format!("api/v1/{}", ask.part.path()), &ask.parameters)
    }

    async fn read_list<R: Versioned>(&self, ask: &Ask<'_>, tag: Option<&str>) -> Result<Read<R>, PortError> {
        self.need(ask.part).await?;
        let mut has_expired = false;
        loop {
            match self.pages(ask, tag).await {
                // A cursor may expire; the list is then read once more from its beginning.
                Err(Ended::CursorExpired(_)) if !has_expired => has_expired = true,
                Err(Ended::CursorExpired(error) | Ended::Failed(error)) => return Err(error),
                Ok(read) => return Ok(read),
            }
        }
    }

    async fn pages<R: Versioned>(&self, ask: &Ask<'_>, tag: Option<&str>) -> Result<Read<R>, Ended> {
        let mut merge = Merge::default();
        let mut listed = Listed::empty();
        let (mut seen, mut cursor, mut pages, mut bytes) = (HashSet::new(), None::<String>, 0, 0_usize);
        loop {
            let mut address = self.address_of_list(ask);
            if let Some(cursor) = cursor.as_deref() {
                address.query_pairs_mut().append_pair("cursor", cursor);
            }
            let tag = tag.filter(|_| cursor.is_none());
            let answer = self.page(address, tag).await?;
            let date = http_date(answer.header("date"));
            if answer.status == 304 {
                self.skew.note(Reading::of(&answer, None));
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
            bytes = bytes.saturating_add(answer.body.len());
            let instant = |text: &Option<String>| text.as_deref().and_then(Timestamp::parse);
            listed.total = listed.total.or(page.total);
            // The oldest page dates the list; the newest answer tells the clock.
            listed.as_of = listed.as_of.or_else(|| instant(&page.as_of));
            self.skew.note(Reading::of(&answer, instant(&page.server_time)));
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
            } else if pages >= MAX_PAGES || merge.records.len() >= ask.most || bytes >= MAX_BYTES {
                Some("the list is longer than can be read at once")
            } else {
                None
            };
            if let Some(reason) = early {
                tracing::warn!(list = ask.part.path(), reason, "a list of the MES ended early");
                listed.is_truncated = true;
                listed.warnings.push(reason.to_owned());
                break;
            }
            cursor = Some(next);
        }
        if merge.outdated > 0 {
            tracing::debug!(
                list = ask.part.path(),
                outdated = merge.outdated,
                "a list of the MES had records older than others of it"
            );
        }
        listed.records = merge.records;
        listed.warn();
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
    let broken = |detail: String| {
        let message = "answered with data that does not follow the contract";
        answer
            .failure(System::Mes, PortErrorKind::Protocol, message)
            .detail(detail)
    };
    if !is_object(body) {
        return Err(broken("not a JSON object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|e| broken(e.to_string()))
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
