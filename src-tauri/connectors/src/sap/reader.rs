//! Reads collections page by page: our own pages by `$top` and `$skip` over the full key, and the server's by `__next`,
//! of which only path and query are taken. Nothing but the connection's origin is ever contacted.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use andon_domain::{PortError, PortErrorKind, System, Timestamp};
use reqwest::Url;
use serde::de::DeserializeOwned;

use super::Sap;
use super::edm::{Filter, encode};
use super::fault;
use super::wire::{Envelope, Page};
use crate::transport::{Answer, Call, http_date};

/// Pages of one read at most; more means that the server leads us on.
const MAX_PAGES: u32 = 1_000;

/// A question to one entity set.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) service: &'static str,
    pub(super) set: &'static str,
    pub(super) filter: Filter,
    /// Always named: a whole row has up to 120 fields.
    pub(super) select: &'static str,
    pub(super) expand: Option<Expand>,
    /// The full key, or rows repeat or get lost between pages.
    pub(super) order: &'static str,
}

/// A navigation to read along.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expand {
    pub(super) navigation: &'static str,
    /// Entity type it leads to.
    pub(super) target: &'static str,
}

/// Rows of a read.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    /// What the server counted.
    pub(super) total: Option<u64>,
    /// A limit cut the rows.
    pub(super) is_truncated: bool,
    /// The server's clock.
    pub(super) server_time: Option<Timestamp>,
}

impl Sap {
    /// Root of a service, with the slash that SAP wants.
    pub(super) fn service_root(&self, service: &str) -> Url {
        let mut url = self.transport.endpoint().clone();
        url.set_path(&format!("{}{service}/", url.path()));
        url
    }

    /// An address under a service with these query options, client and language included.
    pub(super) fn address(&self, service: &str, rest: &str, options: &[(&str, &str)]) -> Url {
        let mut url = self.service_root(service);
        url.set_path(&format!("{}{rest}", url.path()));
        let pairs: Vec<_> = options
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        self.set_query(&mut url, &pairs.join("&"));
        url
    }

    /// Sets the query and adds client and language where they are missing: they must survive into every request.
    fn set_query(&self, url: &mut Url, query: &str) {
        let mut query = query.to_owned();
        let mut add = |name: &str, value: &str| {
            let is_there = query.split('&').any(|pair| pair.split('=').next() == Some(name));
            if !is_there {
                if !query.is_empty() {
                    query.push('&');
                }
                query.push_str(&format!("{name}={}", encode(value)));
            }
        };
        if let Some(client) = &self.config.client {
            add("sap-client", client);
        }
        add("sap-language", &self.config.language);
        url.set_query(Some(&query));
    }

    /// All rows of the answer, up to `limit`. Where a release lacks a field that we ask for, it is asked without it.
    pub(super) async fn rows<T: DeserializeOwned>(
        &self,
        query: &Query,
        limit: usize,
    ) -> Result<Rows<T>, PortError> {
        let select = self
            .narrowed
            .of(query.set)
            .unwrap_or_else(|| query.select.to_owned());
        match self.rows_of(query, &select, limit).await {
            Err(error) if error.kind == PortErrorKind::Rejected => {
                let Some(fewer) = self.fields_there(query).await.filter(|fewer| *fewer != select) else {
                    return Err(error);
                };
                let rows = self.rows_of(query, &fewer, limit).await?;
                tracing::warn!(set = query.set, %fewer, "this release of SAP lacks fields; it is asked for fewer");
                self.narrowed.keep(query.set, fewer);
                Ok(rows)
            }
            other => other,
        }
    }

    async fn rows_of<T: DeserializeOwned>(
        &self,
        query: &Query,
        select: &str,
        limit: usize,
    ) -> Result<Rows<T>, PortError> {
        let mut all = Rows {
            rows: Vec::new(),
            total: None,
            is_truncated: false,
            server_time: None,
        };
        let mut seen = HashSet::new();
        let mut pages = 0;
        loop {
            let room = (limit + 1).saturating_sub(all.rows.len());
            let top = room.min(self.config.page_size as usize);
            let mut next = Some(self.page_address(query, select, all.rows.len(), top));
            let before = all.rows.len();
            while let Some(address) = next {
                pages += 1;
                let (page, answer) = self.page::<T>(address.clone()).await?;
                all.total = all.total.or(page.count);
                all.server_time = http_date(answer.header("date")).or(all.server_time);
                all.rows.extend(page.rows);
                if all.rows.len() > limit || pages >= MAX_PAGES {
                    all.is_truncated = true;
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
                    return Err(answer.failure(
                        System::Sap,
                        PortErrorKind::Protocol,
                        "leads in a circle from page to page",
                    ));
                }
            }
            let got = all.rows.len() - before;
            let is_all = match all.total {
                // A server with a page limit of its own may give fewer rows than asked for, without a link.
                Some(total) => all.rows.len() as u64 >= total,
                None => got < top,
            };
            if got == 0 || is_all {
                return Ok(all);
            }
        }
    }

    fn page_address(&self, query: &Query, select: &str, skip: usize, top: usize) -> Url {
        let (skip_text, top_text) = (skip.to_string(), top.to_string());
        let filter = query.filter.text();
        let mut options = vec![
            ("$select", select),
            ("$orderby", query.order),
            ("$top", &top_text),
            ("$format", "json"),
        ];
        options.extend(query.expand.map(|expand| ("$expand", expand.navigation)));
        options.extend(filter.as_deref().map(|filter| ("$filter", filter)));
        if skip == 0 {
            options.push(("$inlinecount", "allpages"));
        } else {
            options.push(("$skip", &skip_text));
        }
        self.address(query.service, query.set, &options)
    }

    async fn page<T: DeserializeOwned>(&self, address: Url) -> Result<(Page<T>, Answer), PortError> {
        let answer = self.get(address).await?;
        let page = parse::<Envelope<Page<T>>>(&answer)?.d;
        Ok((page, answer))
    }

    /// A read that must answer JSON with status 200.
    pub(super) async fn get(&self, address: Url) -> Result<Answer, PortError> {
        let call = Call::new(address)
            .header("accept", "application/json")
            .header("accept-language", &self.config.language);
        let answer = self.transport.get(&call).await?;
        if answer.status == 200 && !fault::is_web_page(&answer) {
            Ok(answer)
        } else {
            Err(fault::failure(&answer))
        }
    }

    /// The fields of the query that the service's own description has.
    async fn fields_there(&self, query: &Query) -> Option<String> {
        let call =
            Call::new(self.address(query.service, "$metadata", &[])).header("accept", "application/xml");
        let answer = self
            .transport
            .get(&call)
            .await
            .ok()
            .filter(|answer| answer.status == 200)?;
        let metadata = String::from_utf8_lossy(&answer.body);
        let own = format!("{}Type", query.set);
        let is_there = |field: &&str| match (field.split_once('/'), query.expand) {
            (Some((_, field)), Some(expand)) => has_property(&metadata, expand.target, field),
            _ => has_property(&metadata, &own, field),
        };
        Some(
            query
                .select
                .split(',')
                .filter(is_there)
                .collect::<Vec<_>>()
                .join(","),
        )
    }

    /// Our own address for a link of the server: its path and query on our origin. Behind proxies a link may carry an
    /// internal host name; that host is logged and not contacted.
    fn follow(&self, from: &Url, link: &str, service: &str) -> Result<Url, PortError> {
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

/// What is asked of sets whose release lacks fields.
#[derive(Default)]
pub(super) struct Narrowed(Mutex<HashMap<&'static str, String>>);

impl Narrowed {
    fn of(&self, set: &str) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(set)
            .cloned()
    }

    fn keep(&self, set: &'static str, select: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(set, select);
    }
}

fn has_property(metadata: &str, entity_type: &str, property: &str) -> bool {
    let start = metadata.find(&format!("<EntityType Name=\"{entity_type}\""));
    let body = start.map(|at| &metadata[at..]).unwrap_or_default();
    let body = body.split("</EntityType>").next().unwrap_or_default();
    body.contains(&format!("<Property Name=\"{property}\""))
}

/// Reads a JSON body.
pub(super) fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, PortError> {
    serde_json::from_slice(fault::without_bom(&answer.body)).map_err(|e| {
        let message = "answered with data that does not follow OData V2";
        answer
            .failure(System::Sap, PortErrorKind::Protocol, message)
            .detail(e.to_string())
    })
}
