//! Reads collections page by page: our own pages by `$top` and `$skip` over the full key, and the server's by `__next`,
//! of which only path and query are taken. Nothing but the connection's origin is ever contacted.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use andon_domain::{PortError, PortErrorKind, System, Timestamp};
use reqwest::Url;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::Sap;
use super::catalog::EntitySet;
use super::fault::{self, code};
use super::filter::{Filter, encode};
use super::metadata::Description;
use super::names::{Names, Service};
use super::wire::{Envelope, Page};
use crate::transport::{Answer, Call, TOO_LARGE, http_date, is_object};

/// Pages of one read at most; more means that the server leads us on.
const MAX_PAGES: u32 = 1_000;

/// Bytes of all pages of one read, besides what its rows may have.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of a row on the wire: an order with twenty items has about this.
const BYTES_PER_ROW: usize = 16 * 1024;

/// A question to one entity set.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) service: Service,
    pub(super) set: &'static EntitySet,
    pub(super) filter: Filter,
    pub(super) fields: Fields,
    pub(super) paging: Paging,
    pub(super) sorting: Sorting,
}

/// Which rows come first, and so which are kept when there are more than can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sorting {
    /// Those with the lowest keys.
    LowestFirst,
    /// Those with the highest keys: where keys are counted up, the newest.
    HighestFirst,
}

/// Which fields of a row are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fields {
    /// All of the catalogue.
    Own,
    /// All of the catalogue, and all navigations with theirs.
    WithNavigations,
    /// These.
    Only(&'static [&'static str]),
}

/// How more rows than one page has are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paging {
    /// By `$skip`, and by the server's links.
    Skip,
    /// By the server's links only, so many rows asked for at once: where no order makes skipping safe.
    Links(usize),
}

impl Query {
    /// A question for rows of a set with all fields of the catalogue.
    pub(super) fn new(service: Service, set: &'static EntitySet, filter: Filter) -> Self {
        Self {
            service,
            set,
            filter,
            fields: Fields::Own,
            paging: Paging::Skip,
            sorting: Sorting::LowestFirst,
        }
    }

    /// With the highest keys first.
    pub(super) fn highest_first(self) -> Self {
        Self {
            sorting: Sorting::HighestFirst,
            ..self
        }
    }

    /// With these fields.
    pub(super) fn fields(self, fields: Fields) -> Self {
        Self { fields, ..self }
    }
}

/// Rows of a read.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    /// What the server counted.
    pub(super) total: Option<u64>,
    /// A limit cut the rows.
    pub(super) is_truncated: bool,
    /// It was cut before there were too many rows: pages without end, or with little in them.
    pub(super) is_led_on: bool,
    /// The server's clock.
    pub(super) server_time: Option<Timestamp>,
}

impl<T> Rows<T> {
    pub(super) const fn none() -> Self {
        Self {
            rows: Vec::new(),
            total: None,
            is_truncated: false,
            is_led_on: false,
            server_time: None,
        }
    }

    /// The rows, unless the server led us on: then no part of them says anything.
    pub(super) fn unless_led_on(self) -> Result<Self, PortError> {
        if self.is_led_on {
            let message = "gives pages without end";
            return Err(PortError::new(System::Sap, PortErrorKind::Protocol, message));
        }
        Ok(self)
    }
}

/// The parts of an address that depend on what a release has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    set: String,
    select: String,
    expand: String,
    order: String,
}

impl Shape {
    /// What to ask for in the system's names; with a description, only what is there.
    pub(super) fn of(query: &Query, names: &Names, description: Option<&Description>) -> Self {
        let set = names.set(query.service, query.set.name);
        let named = |standard: &'static str| names.field(query.service, standard);
        let is_there = |name: &&str| description.is_none_or(|found| found.property(set, name).is_some());
        let own: Vec<&'static str> = match query.fields {
            Fields::Only(fields) => fields.to_vec(),
            Fields::Own | Fields::WithNavigations => {
                query.set.needed.iter().chain(query.set.useful).copied().collect()
            }
        };
        let mut select: Vec<String> = own
            .into_iter()
            .filter_map(named)
            .filter(is_there)
            .map(str::to_owned)
            .collect();
        let mut expand = Vec::new();
        if query.fields == Fields::WithNavigations {
            for navigation in query.set.navigations {
                let Some(name) = named(navigation.name) else {
                    continue;
                };
                let target = description.and_then(|found| found.target(set, name));
                if description.is_some_and(|found| !found.has_navigation(set, name)) {
                    continue;
                }
                expand.push(name);
                let fields = navigation.target.needed.iter().chain(navigation.target.useful);
                let fields = fields.filter_map(|field| named(field));
                let fields = fields.filter(|field| target.as_ref().is_none_or(|target| target.has(field)));
                select.extend(fields.map(|field| format!("{name}/{field}")));
            }
        }
        let order = query.set.order.iter().filter_map(|name| named(name));
        let is_sortable = |name: &&str| {
            description.is_none_or(|found| found.property(set, name).is_some_and(|field| field.is_sortable))
        };
        let mut order: Vec<String> = order.filter(is_sortable).map(str::to_owned).collect();
        if query.sorting == Sorting::HighestFirst
            && let Some(first) = order.first_mut()
        {
            first.push_str(" desc");
        }
        Self {
            set: set.to_owned(),
            select: select.join(","),
            expand: expand.join(","),
            order: order.join(","),
        }
    }
}

/// What is asked of sets whose release lacks fields.
#[derive(Default)]
pub(super) struct Narrowed(Mutex<HashMap<Shape, Shape>>);

impl Narrowed {
    fn of(&self, whole: &Shape) -> Option<Shape> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(whole).cloned()
    }

    fn keep(&self, whole: Shape, fewer: Shape) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(whole, fewer);
    }

    /// Forgets everything, so that a field that was switched on meanwhile is asked for again.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Sap {
    /// Root of a service, with the slash that SAP wants.
    pub(super) fn service_root(&self, service: Service) -> Url {
        let mut url = self.transport.endpoint().clone();
        url.set_path(&format!("{}{}/", url.path(), self.config.names.path(service)));
        url
    }

    /// An address under a service with these query options, client and language included.
    pub(super) fn address(&self, service: Service, rest: &str, options: &[(&str, &str)]) -> Url {
        let mut url = self.service_root(service);
        url.set_path(&format!("{}{rest}", url.path()));
        let pairs: Vec<_> = options
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        self.set_query(&mut url, &pairs.join("&"));
        url
    }

    /// Sets the query with our client and language, whatever it says of them: a link of the server must not lead to the data
    /// of another client.
    fn set_query(&self, url: &mut Url, query: &str) {
        let client = self.config.client.as_ref().map(|client| ("sap-client", client));
        let ours: Vec<(&str, &String)> = client
            .into_iter()
            .chain([("sap-language", &self.config.language)])
            .collect();
        let is_theirs = |pair: &&str| {
            let name = form_urlencoded::parse(pair.as_bytes()).next();
            name.is_some_and(|(name, _)| !ours.iter().any(|(own, _)| name.eq_ignore_ascii_case(own)))
        };
        let mut pairs: Vec<String> = query.split('&').filter(is_theirs).map(str::to_owned).collect();
        pairs.extend(
            ours.iter()
                .map(|(name, value)| format!("{name}={}", encode(value))),
        );
        url.set_query(Some(&pairs.join("&")));
    }

    /// All rows of the answer, up to `limit`. Where a release lacks a field that we ask for, it is asked without it.
    pub(super) async fn rows<T: DeserializeOwned>(
        &self,
        query: &Query,
        limit: usize,
    ) -> Result<Rows<T>, PortError> {
        let whole = Shape::of(query, &self.config.names, None);
        let shape = self.narrowed.of(&whole).unwrap_or_else(|| whole.clone());
        let result = match self.rows_of(query, &shape, limit).await {
            Err(error) if error.kind == PortErrorKind::Rejected => {
                match self.narrower(query).await.filter(|fewer| *fewer != shape) {
                    Some(fewer) => {
                        let rows = self.rows_of(query, &fewer, limit).await;
                        if rows.is_ok() {
                            tracing::warn!(set = query.set.name, fields = %fewer.select, "this release of SAP lacks fields; it is asked for fewer");
                            self.narrowed.keep(whole, fewer);
                        }
                        rows
                    }
                    None => Err(error),
                }
            }
            other => other,
        };
        self.services.note(query.service, &result);
        result
    }

    /// What the service's own description has of the question.
    async fn narrower(&self, query: &Query) -> Option<Shape> {
        let description = self.description(query.service).await.ok()?;
        Some(Shape::of(query, &self.config.names, Some(&description)))
    }

    async fn rows_of<T: DeserializeOwned>(
        &self,
        query: &Query,
        shape: &Shape,
        limit: usize,
    ) -> Result<Rows<T>, PortError> {
        let mut all = Rows::none();
        let mut seen = HashSet::new();
        let (mut pages, mut bytes, mut most) = (0, 0_usize, self.config.page_size as usize);
        let can_halve = |error: &PortError| query.paging == Paging::Skip && error.code == Some(TOO_LARGE);
        'parts: loop {
            let room = (limit + 1).saturating_sub(all.rows.len());
            let top = match query.paging {
                Paging::Skip => room.min(most),
                Paging::Links(rows) => rows,
            };
            let own = self.page_address(query, shape, all.rows.len(), top)?;
            let mut next = Some(own.clone());
            let before = all.rows.len();
            while let Some(address) = next {
                pages += 1;
                let (page, answer) = match self.page::<T>(query.service, address.clone()).await {
                    // Some rows are larger than others: then fewer at once.
                    Err(error) if can_halve(&error) && address == own && top > 1 => {
                        most = top / 2;
                        continue 'parts;
                    }
                    other => other?,
                };
                // Counted anew where rows can be added before those already read.
                all.total = page.count.or(all.total);
                all.server_time = http_date(answer.header("date")).or(all.server_time);
                if all.rows.is_empty() {
                    // The usual single page is taken as it is.
                    all.rows = page.rows;
                } else {
                    all.rows.extend(page.rows);
                }
                bytes = bytes.saturating_add(answer.body.len());
                // Pages without end, or with far more in them than the rows that are asked for.
                let is_too_long =
                    bytes > MAX_BYTES.saturating_add(all.rows.len().saturating_mul(BYTES_PER_ROW));
                if all.rows.len() > limit || pages >= MAX_PAGES || is_too_long {
                    all.is_truncated = true;
                    all.is_led_on = all.rows.len() <= limit;
                    all.rows.truncate(limit);
                    return Ok(all);
                }
                next = page
                    .next
                    .map(|link| self.follow(&address, &link, query.service))
                    .transpose()?;
                if let Some(address) = &next
                    && !seen.insert(address.to_string())
                {
                    let message = "leads in a circle from page to page";
                    return Err(answer.failure(System::Sap, PortErrorKind::Protocol, message));
                }
            }
            let got = all.rows.len() - before;
            let is_all = match all.total {
                // A server with a page limit of its own may give fewer rows than asked for, without a link.
                Some(total) => all.rows.len() as u64 >= total,
                // More than asked for: a server that does not look at `$top` would give the same again for every `$skip`.
                None => got != top,
            };
            if got == 0 || is_all {
                return Ok(all);
            }
            if query.paging != Paging::Skip {
                all.is_truncated = true;
                return Ok(all);
            }
        }
    }

    pub(super) fn page_address(
        &self,
        query: &Query,
        shape: &Shape,
        skip: usize,
        top: usize,
    ) -> Result<Url, PortError> {
        let names = &self.config.names;
        let filter = query.filter.text(|name| names.field(query.service, name));
        let filter = filter.map_err(|field| {
            let message =
                format!("has no field {field} by the configuration, so nothing can be looked for by it");
            let error = PortError::new(System::Sap, PortErrorKind::Invalid, message).code(code::NO_FIELD);
            PortError { attempts: 0, ..error }
        })?;
        let (skip_text, top_text) = (skip.to_string(), top.to_string());
        let mut options = vec![("$select", shape.select.as_str())];
        let optional = [
            ("$orderby", shape.order.as_str()),
            ("$expand", &shape.expand),
            ("$filter", &filter),
        ];
        options.extend(optional.into_iter().filter(|(_, text)| !text.is_empty()));
        options.extend([("$top", top_text.as_str()), ("$format", "json")]);
        if skip == 0 || query.sorting == Sorting::HighestFirst {
            options.push(("$inlinecount", "allpages"));
        }
        if skip > 0 {
            options.push(("$skip", &skip_text));
        }
        Ok(self.address(query.service, &shape.set, &options))
    }

    async fn page<T: DeserializeOwned>(
        &self,
        service: Service,
        address: Url,
    ) -> Result<(Page<T>, Answer), PortError> {
        let answer = self.get(address).await?;
        let body = self
            .config
            .names
            .to_standard(service, fault::without_bom(&answer.body));
        let page = parse::<Envelope<Page<T>>>(&answer, &body)?.d;
        Ok((page, answer))
    }

    /// A read that must answer JSON with status 200.
    pub(super) async fn get(&self, address: Url) -> Result<Answer, PortError> {
        let call = Call::new(address)
            .header("accept", "application/json")
            .header("accept-language", &self.config.language);
        self.answer(call).await
    }

    /// A read that must answer with status 200 and no web page, from the client that was asked for.
    pub(super) async fn answer(&self, call: Call) -> Result<Answer, PortError> {
        let answer = self.transport.get(&call).await.map_err(fault::with_code)?;
        if answer.status != 200 || fault::is_web_page(&answer) {
            return Err(fault::failure(&answer));
        }
        match &self.config.client {
            Some(client) => fault::same_client(&answer, client).map(|()| answer),
            None => Ok(answer),
        }
    }

    /// Our own address for a link of the server: its path and query on our origin. Behind proxies a link may carry an
    /// internal host name; that host is logged and not contacted.
    fn follow(&self, from: &Url, link: &str, service: Service) -> Result<Url, PortError> {
        let refuse = |detail: String| {
            PortError::new(
                System::Sap,
                PortErrorKind::Protocol,
                "gave a link to the next page that leaves its service",
            )
            .detail(detail)
        };
        let target = from.join(link).map_err(|e| refuse(format!("{link}: {e}")))?;
        let root = self.service_root(service);
        if !matches!(target.scheme(), "http" | "https") || !target.path().starts_with(root.path()) {
            return Err(refuse(target.to_string()));
        }
        if target.origin() != root.origin() {
            tracing::warn!(
                host = target.host_str(),
                "a next link names another host; it is read from the configured one"
            );
        }
        let mut address = root;
        address.set_path(target.path());
        self.set_query(&mut address, target.query().unwrap_or_default());
        Ok(address)
    }
}

/// Reads a JSON body.
pub(super) fn parse<T: DeserializeOwned>(answer: &Answer, body: &[u8]) -> Result<T, PortError> {
    let broken = |detail: String| {
        let message = "answered with data that does not follow OData V2";
        answer
            .failure(System::Sap, PortErrorKind::Protocol, message)
            .code(code::NOT_ODATA)
            .detail(detail)
    };
    if !is_object(body) {
        return Err(broken("not a JSON object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|e| broken(e.to_string()))
}
