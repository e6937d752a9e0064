//! The demo SAP: the OData V2 services that a console reads, behind Basic authentication, on loopback.
//! Routing is by hand, because OData puts keys into path segments. `$batch`, changes and deletions are not served.

mod answer;
mod books;
mod create;
mod edm;
mod filter;
mod ledger;
mod path;
mod query;
mod schema;
mod session;
mod shape;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::faults::{Faults, SapFault, ServiceFault, hold};
use crate::line::Line;
use answer::{Collection, Enveloped, SapError};
use books::Books;
use ledger::Ledger;
use path::Target;
use query::{Found, Query, Rows as _};
use schema::{EntitySet, Record, Service, SetId};
use session::Sessions;

pub(crate) const CLIENT: &str = "100";
const ROOT: &str = "/sap/opu/odata/sap/";
const MOST_BODY_BYTES: usize = 1024 * 1024;
const SLOW: Duration = Duration::from_secs(4);
/// How many choices of rows are remembered, so that following pages need not look at every row again.
const REMEMBERED: usize = 8;

/// The demo SAP.
#[derive(Debug)]
pub(crate) struct Sap {
    books: Mutex<Books>,
    found: Mutex<VecDeque<Remembered>>,
    sessions: Mutex<Sessions>,
    ledger: Option<Ledger>,
    faults: Arc<Faults>,
    user: String,
    password: String,
    counts: Counts,
}

/// The rows that one choice of a set found, good until the books change.
#[derive(Debug)]
struct Remembered {
    set: SetId,
    choice: String,
    version: u64,
    found: Found,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    refused_logons: AtomicU64,
    refused_tokens: AtomicU64,
    posts: AtomicU64,
}

/// What SAP counted, for tests.
#[derive(Debug, serde::Serialize)]
pub(crate) struct SapCounts {
    /// Posts of orders that got past logon and token.
    pub(crate) purchase_order_posts: u64,
    pub(crate) purchase_orders_created: u64,
    pub(crate) by_reference: BTreeMap<String, u64>,
    pub(crate) sap_requests: u64,
    #[serde(rename = "sap_401")]
    pub(crate) refused_logons: u64,
    #[serde(rename = "sap_403_csrf")]
    pub(crate) refused_tokens: u64,
}

/// Opens the books; with a state file, the orders of earlier runs are entered again.
pub(crate) fn open(
    (seed, size): (u64, u32),
    now_ms: i64,
    user: String,
    password: String,
    faults: Arc<Faults>,
    state_file: Option<&Path>,
) -> anyhow::Result<Sap> {
    let mut books = Books::open(seed, size, now_ms);
    let ledger = match state_file {
        Some(path) => {
            let (ledger, entries) =
                Ledger::open(path, seed, size).context("the state file cannot be used")?;
            for entry in entries {
                let body = entry.posted.to_string();
                match create::check(body.as_bytes(), &user, entry.at_ms) {
                    Ok(checked) => _ = books.file(checked.draft, entry.at_ms),
                    Err(error) => anyhow::bail!("an order in the state file is not valid: {}", error.text),
                }
            }
            Some(ledger)
        }
        None => None,
    };
    let (books, sessions) = (Mutex::new(books), Mutex::default());
    Ok(Sap {
        books,
        found: Mutex::default(),
        sessions,
        ledger,
        faults,
        user,
        password,
        counts: Counts::default(),
    })
}

/// Whether there is a service of this name.
pub(crate) fn has_service(name: &str) -> bool {
    Service::named(name).is_some()
}

/// The services over HTTP.
pub(crate) fn router(sap: Arc<Sap>) -> Router {
    Router::new().fallback(answer_request).with_state(sap)
}

impl Sap {
    pub(crate) fn counts(&self) -> SapCounts {
        let books = hold(&self.books);
        SapCounts {
            purchase_order_posts: self.counts.posts.load(Ordering::SeqCst),
            purchase_orders_created: books.created(),
            by_reference: books.by_reference().clone(),
            sap_requests: self.counts.requests.load(Ordering::SeqCst),
            refused_logons: self.counts.refused_logons.load(Ordering::SeqCst),
            refused_tokens: self.counts.refused_tokens.load(Ordering::SeqCst),
        }
    }

    /// An order with its items as the API shows it, for the control port.
    pub(crate) fn order(&self, number: &str) -> Option<Value> {
        let books = hold(&self.books);
        let record = books.order(number)?;
        let set = SetId::PurchaseOrder.set();
        let pairs = [("$expand".to_owned(), "to_PurchaseOrderItem".to_owned())];
        let query = Query::parse(&pairs, set).ok()?;
        serde_json::to_value(query.shape().entity(&*books, set, record, "")).ok()
    }

    /// Ends every session, as a restarted server does: tokens and cookies handed out before are worth nothing.
    pub(crate) fn end_sessions(&self) {
        *hold(&self.sessions) = Sessions::default();
    }

    pub(crate) fn move_goods(&self, now_ms: i64) {
        hold(&self.books).move_goods(now_ms);
    }

    fn knows(&self, headers: &HeaderMap, pairs: &[(String, String)]) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| {
                base64::engine::general_purpose::STANDARD
                    .decode(encoded.trim())
                    .ok()
            });
        let wanted = format!("{}:{}", self.user, self.password);
        let client = pairs
            .iter()
            .find(|(name, _)| name == "sap-client")
            .map(|(_, value)| value.as_str())
            .or_else(|| headers.get("sap-client").and_then(|value| value.to_str().ok()));
        given.as_deref() == Some(wanted.as_bytes()) && client.is_none_or(|client| client == CLIENT)
    }
}

async fn answer_request(
    State(sap): State<Arc<Sap>>,
    Extension(ConnectInfo(line)): Extension<ConnectInfo<Line>>,
    request: Request,
) -> Response {
    sap.counts.requests.fetch_add(1, Ordering::SeqCst);
    match sap.faults.sap() {
        SapFault::Busy => return answer::busy(),
        SapFault::HtmlLogin => return answer::login_form(),
        SapFault::WrongClient => return answer::logon_failed(),
        SapFault::BackendError => return SapError::backend().into_response(),
        SapFault::Slow => tokio::time::sleep(SLOW).await,
        SapFault::Ok | SapFault::Down | SapFault::LostAnswer | SapFault::NoPermission => {}
    }
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    if !sap.knows(request.headers(), &pairs) {
        sap.counts.refused_logons.fetch_add(1, Ordering::SeqCst);
        return answer::logon_failed();
    }
    let (parts, body) = request.into_parts();
    let call = Call {
        sap: &sap,
        headers: &parts.headers,
        path: parts.uri.path(),
        pairs: &pairs,
    };
    let outcome = match &parts.method {
        &Method::GET | &Method::HEAD => call.read(),
        &Method::POST => call.create(body, &line).await,
        method => call
            .target()
            .and_then(|_| Err(SapError::not_allowed(method.as_str()))),
    };
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    if parts.method == Method::GET || parts.method == Method::HEAD {
        add_token(&sap, &parts.headers, response.headers_mut());
    }
    response
}

/// Hands out a token and its cookies to who asks with `X-CSRF-Token: Fetch`.
fn add_token(sap: &Sap, asked: &HeaderMap, headers: &mut HeaderMap) {
    let wants = asked
        .get("x-csrf-token")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"fetch"));
    if !wants {
        return;
    }
    let fetched = hold(&sap.sessions).fetch(asked, Instant::now());
    if let Ok(token) = HeaderValue::from_str(&fetched.token) {
        headers.insert("x-csrf-token", token);
    }
    for cookie in fetched.cookies {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    headers.append(
        header::SET_COOKIE,
        HeaderValue::from_static("sap-usercontext=sap-client=100; path=/"),
    );
}

/// One authenticated request.
struct Call<'a> {
    sap: &'a Sap,
    headers: &'a HeaderMap,
    path: &'a str,
    pairs: &'a [(String, String)],
}

impl Call<'_> {
    fn target(&self) -> Result<(&'static Service, Target), SapError> {
        let rest = self
            .path
            .strip_prefix(ROOT)
            .ok_or_else(|| SapError::unknown_segment(self.path))?;
        let (service, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let service = Service::named(service).ok_or_else(|| SapError::unknown_service(service))?;
        let fault = self.sap.faults.sap_service(service.name);
        if fault == ServiceFault::Off {
            return Err(SapError::unknown_service(service.name));
        }
        if fault == ServiceFault::Denied || self.sap.faults.sap() == SapFault::NoPermission {
            return Err(SapError::no_permission(service.name));
        }
        Ok((service, path::parse(service, rest)?))
    }

    /// The service root as the caller addressed it, with a trailing slash.
    fn base(&self, service: &Service) -> String {
        let host = self
            .headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("127.0.0.1");
        format!("http://{host}{ROOT}{}/", service.name)
    }

    fn read(&self) -> Result<Response, SapError> {
        let (service, target) = self.target()?;
        let base = self.base(service);
        let books = hold(&self.sap.books);
        match target {
            Target::Root => {
                let names: Vec<&str> = service.sets.iter().map(|id| id.set().name).collect();
                Ok(answer::json_response(
                    StatusCode::OK,
                    &json!({"d": {"EntitySets": names}}),
                ))
            }
            Target::Metadata => Ok(answer::xml(schema::metadata(service))),
            Target::Set { set } => {
                let query = Query::parse(self.pairs, set)?;
                let found = self.find(&books, set, &query);
                self.collection(&books, set, &query, &found, &base, |place| {
                    books.at(set.id, place)
                })
            }
            Target::SetCount { set } => {
                let query = Query::parse(self.pairs, set)?;
                Ok(answer::text(self.find(&books, set, &query).len().to_string()))
            }
            Target::Entity { set, key } => {
                let record = path::find(&books, set, &key)?;
                self.entity(&books, set, record, &base)
            }
            Target::Navigation {
                set,
                key,
                navigation,
                is_count,
            } => {
                let record = path::find(&books, set, &key)?;
                let records = books.follow(navigation, record);
                let at = |place: usize| records.get(place).copied();
                let target = navigation.target.set();
                if !navigation.is_many && !is_count {
                    return match records.first() {
                        Some(record) => self.entity(&books, target, *record, &base),
                        None => Err(SapError::not_found(&target.type_name(), "")),
                    };
                }
                let query = Query::parse(self.pairs, target)?;
                let found = query.find(records.len(), at);
                if is_count {
                    return Ok(answer::text(found.len().to_string()));
                }
                self.collection(&books, target, &query, &found, &base, at)
            }
        }
    }

    /// The rows of a set that a request is about; found once and remembered while its pages are followed.
    fn find(&self, books: &Books, set: &'static EntitySet, query: &Query) -> Found {
        let version = books.version();
        let mut remembered = hold(&self.sap.found);
        let known = remembered
            .iter()
            .find(|known| known.set == set.id && known.version == version && known.choice == query.choice());
        if let Some(known) = known {
            return known.found.clone();
        }
        let found = query.find(books.count(set.id), |place| books.at(set.id, place));
        if let Found::These(_) = found {
            remembered.truncate(REMEMBERED - 1);
            remembered.push_front(Remembered {
                set: set.id,
                choice: query.choice().to_owned(),
                version,
                found: found.clone(),
            });
        }
        found
    }

    fn entity(
        &self,
        books: &Books,
        set: &'static EntitySet,
        record: Record<'_>,
        base: &str,
    ) -> Result<Response, SapError> {
        let query = Query::parse(self.pairs, set)?;
        let body = Enveloped {
            d: query.shape().entity(books, set, record, base),
        };
        let mut response = answer::json_response(StatusCode::OK, &body);
        if let Some(etag) = shape::etag(record).and_then(|etag| HeaderValue::from_str(&etag).ok()) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        Ok(response)
    }

    fn collection<'b>(
        &self,
        books: &'b Books,
        set: &'static EntitySet,
        query: &Query,
        found: &Found,
        base: &str,
        at: impl Fn(usize) -> Option<Record<'b>>,
    ) -> Result<Response, SapError> {
        let page = query.page(found);
        let d = Collection {
            results: page
                .places
                .into_iter()
                .filter_map(at)
                .map(|record| query.shape().entity(books, set, record, base))
                .collect(),
            count: page.count.map(|count| count.to_string()),
            next: page.next.map(|token| self.next_link(token)),
        };
        Ok(answer::json_response(StatusCode::OK, &Enveloped { d }))
    }

    /// This request's own address with another `$skiptoken`.
    fn next_link(&self, token: usize) -> String {
        let host = self
            .headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("127.0.0.1");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs.iter().filter(|(name, _)| name != "$skiptoken") {
            query.append_pair(name, value);
        }
        query.append_pair("$skiptoken", &token.to_string());
        format!("http://{host}{}?{}", self.path, query.finish())
    }

    async fn create(&self, body: Body, line: &Line) -> Result<Response, SapError> {
        let (service, target) = self.target()?;
        if !hold(&self.sap.sessions).admits(self.headers, Instant::now()) {
            self.sap.counts.refused_tokens.fetch_add(1, Ordering::SeqCst);
            return Ok(answer::csrf_required());
        }
        let set = match target {
            Target::Set { set } if set.id == SetId::PurchaseOrder => set,
            _ => return Err(SapError::not_allowed("POST")),
        };
        self.sap.counts.posts.fetch_add(1, Ordering::SeqCst);
        let body = axum::body::to_bytes(body, MOST_BODY_BYTES)
            .await
            .map_err(|_| SapError::bad_request("/IWFND/CM_MGW/005", "Request body cannot be read"))?;
        let now_ms = crate::now_ms();
        let checked = create::check(&body, &self.sap.user, now_ms)?;
        let base = self.base(service);
        let mut books = hold(&self.sap.books);
        if let Some(ledger) = &self.sap.ledger {
            ledger.append(&body, now_ms).map_err(|error| {
                tracing::error!(%error, "the state file cannot be written");
                SapError::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "SY/530",
                    "Update was terminated",
                )
            })?;
        }
        let number = books.file(checked.draft, now_ms);
        tracing::info!(
            order = number,
            warnings = checked.warnings.len(),
            "purchase order created"
        );
        if self.sap.faults.sap() == SapFault::LostAnswer {
            tracing::warn!(order = number, "the answer is lost on purpose");
            line.cut();
        }
        let Some(record) = books.order(&number) else {
            return Err(SapError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "SY/530",
                "Update was terminated",
            ));
        };
        let expand = [("$expand".to_owned(), "to_PurchaseOrderItem".to_owned())];
        let shape = Query::parse(&expand, set)?;
        let body = Enveloped {
            d: shape.shape().entity(&*books, set, record, &base),
        };
        let mut response = answer::json_response(StatusCode::CREATED, &body);
        let headers = response.headers_mut();
        if let Ok(location) = HeaderValue::from_str(&format!("{base}{}('{number}')", set.name)) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(message) = answer::sap_message(&checked.warnings) {
            headers.insert("sap-message", message);
        }
        Ok(response)
    }
}
