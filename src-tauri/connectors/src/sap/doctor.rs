//! Looks at every service that is used, one by one: does it describe itself, has it the sets and fields that are read, and
//! may the connection's user read a row? In words that an SAP administrator can act on. Reads only.

use andon_domain::PortError;
use andon_domain::PortErrorKind as Kind;
use andon_domain::ports::{Finding, FindingState};

use super::catalog::{EntitySet, PURCHASE_ORDER, PURCHASE_ORDER_ITEM, SCHEDULE};
use super::fault::code;
use super::filter::Filter;
use super::health::health_of;
use super::metadata::Description;
use super::names::{Service, nearest};
use super::reader::{Fields, Query};
use super::rows::EntryRow;
use super::services::is_not_there;
use super::{Sap, in_time};
use crate::transport::{Call, Errand};

/// Every finding, in the order in which somebody would mend them.
pub(super) async fn examine(sap: &Sap) -> Vec<Finding> {
    // What was missing may be there now.
    sap.narrowed.forget();
    let mut findings = Vec::new();
    for service in Service::ALL {
        let mut call = Call::new(sap.address(service, "$metadata", &[]));
        call.errand = Errand::Check;
        let described = sap
            .describe(service, call)
            .await
            .map(|(description, _)| description);
        if let Err(error) = &described
            && concerns_everything(error)
        {
            findings.push(failed(sap, service, "connection", error));
            return findings;
        }
        if findings.is_empty() {
            let client = match &sap.config.client {
                Some(client) => format!("SAP answers and accepts the logon to client {client}"),
                None => "SAP answers and accepts the logon to its default client".to_owned(),
            };
            findings.push(good("connection", client));
        }
        match described {
            Ok(description) => findings.extend(Look::at(sap, service, &description).await),
            Err(error) => findings.push(failed(sap, service, &subject(sap, service), &error)),
        }
    }
    findings
}

/// Whether the failure is one of the connection, which every other service would only repeat; a refused logon repeated would
/// lock the user.
fn concerns_everything(error: &PortError) -> bool {
    match error.kind {
        Kind::Unauthorized | Kind::NotConfigured | Kind::Locked | Kind::TimedOut => true,
        // With a word of SAP's own it answered; without one it is not reachable.
        Kind::Unavailable => error.code.is_none() || error.code == Some(code::BUSY),
        _ => false,
    }
}

/// What the finding is about: what people call it, and the name in the system.
fn subject(sap: &Sap, service: Service) -> String {
    format!("{} ({})", service.title(), sap.config.names.path(service))
}

fn finding(
    subject: &str,
    state: FindingState,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding {
        subject: subject.to_owned(),
        state,
        message: message.into(),
        remedy: Some(remedy.into()),
    }
}

fn good(subject: &str, message: impl Into<String>) -> Finding {
    Finding {
        subject: subject.to_owned(),
        state: FindingState::Good,
        message: message.into(),
        remedy: None,
    }
}

/// Orders and stock are what the console is for; without the others something is "not available".
const fn is_required(service: Service) -> bool {
    matches!(service, Service::PurchaseOrders | Service::Stock)
}

fn failed(sap: &Sap, service: Service, subject: &str, error: &PortError) -> Finding {
    let path = sap.config.names.path(service);
    tracing::warn!(
        service = path,
        detail = error.detail,
        code = error.code,
        "the examination of SAP found a failure: {error}"
    );
    let is_absent = is_not_there(error) || error.kind == Kind::Forbidden;
    let state = if is_absent && !is_required(service) {
        FindingState::Missing
    } else {
        FindingState::Failed
    };
    finding(subject, state, error.to_string(), remedy(sap, service, error))
}

/// What an administrator of the system can do about a failure.
fn remedy(sap: &Sap, service: Service, error: &PortError) -> String {
    let path = sap.config.names.path(service);
    match error.code {
        Some(code::NOT_ACTIVE | code::NOTHING_THERE) => {
            let cloud = service.scenario().map_or_else(String::new, |scenario| {
                format!(" In S/4HANA Cloud, add communication scenario {scenario} to the arrangement of the connection's user.")
            });
            format!(
                "Activate {path} in transaction /IWFND/MAINT_SERVICE, and its node in SICF.{cloud} If the system has a service \
                 of its own in its place, name it in sap.services.{}.path.",
                service.key()
            )
        }
        Some(code::NOT_PERMITTED) => format!(
            "Give the connection's user authorization object S_SERVICE for {path}, and the authorizations for the data behind \
             it. Transaction SU53 shows what was missing."
        ),
        Some(code::LOGON_REFUSED | code::LOGON_PAGE) => {
            "Check user, password and client; SU01 shows whether the user is \
             locked. Nothing more is sent until the secret is set again: andonctl credential set sap."
                .to_owned()
        }
        Some(code::WRONG_CLIENT) => {
            "Set sap.client to the client meant; transaction SCC4 lists those there are.".to_owned()
        }
        Some(code::BACKEND) => {
            "Look into transactions /IWFND/ERROR_LOG and ST22. The log of the console has SAP's \
             transaction id of this failure."
                .to_owned()
        }
        Some(code::BUSY) => {
            "Try again later; transactions SM50 and SM66 show what keeps SAP busy.".to_owned()
        }
        Some(code::NOT_ODATA | code::REDIRECTED) => {
            "Check sap.endpoint: a proxy or a logon portal may answer in SAP's \
             place. The connection needs the gateway itself, with Basic or a token."
                .to_owned()
        }
        _ => health_of(error)
            .1
            .unwrap_or("The log of the console has the details.")
            .to_owned(),
    }
}

/// One service under examination.
struct Look<'s> {
    sap: &'s Sap,
    service: Service,
    description: &'s Description,
    subject: String,
    findings: Vec<Finding>,
}

/// A set, or what a navigation leads to.
struct Fieldset<'f> {
    /// What it is called in the system.
    place: &'f str,
    set: &'static EntitySet,
    /// The fields it really has.
    known: Vec<&'f str>,
}

impl<'s> Look<'s> {
    async fn at(sap: &'s Sap, service: Service, description: &'s Description) -> Vec<Finding> {
        let mut look = Self {
            sap,
            service,
            description,
            subject: subject(sap, service),
            findings: Vec::new(),
        };
        for set in service.sets() {
            look.at_set(set);
        }
        let is_usable = look
            .findings
            .iter()
            .all(|finding| finding.state == FindingState::Warning);
        if is_usable {
            look.at_rows().await;
        }
        if look.findings.is_empty() {
            look.good("has every field that is read, and rows can be read");
        }
        if service == Service::PurchaseOrders {
            look.at_changes();
            look.at_schedule();
            look.at_writing().await;
        }
        look.findings
    }

    fn good(&mut self, message: &str) {
        self.findings.push(good(&self.subject, message));
    }

    fn found(&mut self, state: FindingState, message: String, remedy: String) {
        self.findings.push(finding(&self.subject, state, message, remedy));
    }

    /// How bad it is when something cannot be read at all.
    const fn absent(&self) -> FindingState {
        if is_required(self.service) {
            FindingState::Failed
        } else {
            FindingState::Missing
        }
    }

    /// The system's name of a set of this service.
    fn set(&self, set: &'static EntitySet) -> &'s str {
        self.sap.config.names.set(self.service, set.name)
    }

    /// The system's name of a field of this service.
    fn field(&self, standard: &'static str) -> Option<&'s str> {
        self.sap.config.names.field(self.service, standard)
    }

    /// Where a name is given in the configuration.
    fn setting(&self, kind: &str) -> String {
        format!("sap.services.{}.{kind}", self.service.key())
    }

    /// Whether the set is there with what is read of it.
    fn at_set(&mut self, set: &'static EntitySet) {
        let (name, description) = (self.set(set), self.description);
        if !description.has_set(name) {
            let place = self.setting(&format!("sets.{}", set.name));
            let remedy = advice(nearest(name, description.sets()), &place);
            return self.found(self.absent(), format!("has no entity set {name}"), remedy);
        }
        let known = description.names(name);
        let place = name;
        self.at_fields(&Fieldset { place, set, known });
        for navigation in set.navigations {
            let Some(own) = self.field(navigation.name) else {
                continue;
            };
            if !description.has_navigation(name, own) {
                let place = self.setting(&format!("fields.{}", navigation.name));
                let message = format!("{name} has no navigation {own}; what it leads to reads as unknown");
                let near = nearest(own, description.names(name).into_iter());
                self.found(FindingState::Warning, message, advice(near, &place));
            } else if let Some(target) = description.target(name, own) {
                // Where the description does not say where it leads, the rows will tell.
                self.at_fields(&Fieldset {
                    place: &format!("{name}/{own}"),
                    set: navigation.target,
                    known: target.names().collect(),
                });
            }
        }
    }

    /// One finding for all fields that are not there.
    fn at_fields(&mut self, of: &Fieldset<'_>) {
        let (mut lacking, mut is_useless) = (Vec::new(), false);
        for standard in of.set.needed.iter().chain(of.set.useful).copied() {
            let is_needed = of.set.needed.contains(&standard);
            let own = self.field(standard);
            // Absent by the configuration is no news, unless nothing can be read without it.
            let is_there = own.map_or(!is_needed, |own| of.known.contains(&own));
            if !is_there {
                lacking.push((standard, own.unwrap_or(standard)));
                is_useless |= is_needed;
            }
        }
        if lacking.is_empty() {
            return;
        }
        let names: Vec<&str> = lacking.iter().map(|(_, own)| *own).collect();
        let names = names.join(", ");
        let (state, message) = if is_useless {
            let message = format!("{} lacks fields that are needed: {names}", of.place);
            (self.absent(), message)
        } else {
            let message = format!("{} lacks fields, which read as unknown: {names}", of.place);
            (FindingState::Warning, message)
        };
        let alike: Vec<String> = lacking
            .iter()
            .filter_map(|(standard, own)| {
                let near = nearest(own, of.known.iter().copied())?;
                Some(format!("{near} looks like {standard}"))
            })
            .collect();
        let place = self.setting("fields");
        let remedy = if alike.is_empty() {
            format!("If the system has them under other names, give those in {place}.")
        } else {
            format!("{}; where that is meant, name it in {place}.", alike.join(", "))
        };
        self.found(state, message, remedy);
    }

    /// Only a row proves the permission to read.
    async fn at_rows(&mut self) {
        let set = self.service.sets()[0];
        let category = &self.sap.config.planning_category;
        let is_by_category = self.service == Service::Plan && self.field("PlanningCategory").is_some();
        let query = if is_by_category {
            Query::new(
                self.service,
                set,
                Filter::default().equals("PlanningCategory", category),
            )
        } else {
            Query::new(self.service, set, Filter::default())
        };
        let query = query.fields(Fields::Only(set.needed));
        let found = in_time(self.sap.read_until(), self.sap.rows::<EntryRow>(&query, 1)).await;
        match found {
            Err(error) => {
                let finding = failed(self.sap, self.service, &self.subject, &error);
                self.findings.push(finding);
            }
            Ok(found) if is_by_category && found.rows.is_empty() => self.found(
                FindingState::Warning,
                format!("has no rows of planning category {category}, so no cost center has a budget"),
                "Set sap.planning_category to the category that holds the budget.".to_owned(),
            ),
            Ok(_) => {}
        }
    }

    /// Whether the mirror can ask for what changed.
    fn at_changes(&mut self) {
        let set = self.set(&PURCHASE_ORDER);
        let property = self
            .field("LastChangeDateTime")
            .and_then(|field| self.description.property(set, field));
        if self.description.has_set(set) && !property.is_some_and(|property| property.is_filterable) {
            self.found(
                FindingState::Warning,
                "cannot be asked for what changed since a time, so every synchronization reads all orders"
                    .to_owned(),
                "Nothing has to be done. Newer releases of the service tell LastChangeDateTime.".to_owned(),
            );
        }
    }

    /// Whether an item can be created with its delivery date.
    fn at_schedule(&mut self) {
        let (set, description) = (self.set(&PURCHASE_ORDER_ITEM), self.description);
        let Some(own) = self.field(SCHEDULE.name).filter(|_| description.has_set(set)) else {
            return;
        };
        let target = description.target(set, own);
        let fields = SCHEDULE
            .target
            .needed
            .iter()
            .filter_map(|field| self.field(field));
        let mut lacking: Vec<String> = fields
            .filter(|field| target.as_ref().is_some_and(|target| !target.has(field)))
            .map(|field| format!("{own}/{field}"))
            .collect();
        if !description.has_navigation(set, own) {
            lacking = vec![own.to_owned()];
        }
        if !lacking.is_empty() {
            let lacking = lacking.join(", ");
            self.found(
                FindingState::Warning,
                format!("{set} lacks what a delivery date is written to, so no order can be created with one: {lacking}"),
                format!("If the system has it under another name, give that in {}.", self.setting("fields")),
            );
        }
    }

    /// Whether orders can be created, as far as that can be told without creating one.
    async fn at_writing(&mut self) {
        if self.description.is_creatable(self.set(&PURCHASE_ORDER)) == Some(false) {
            return self.found(
                FindingState::Warning,
                "does not allow orders to be created".to_owned(),
                "If agents shall ask for orders, use a service that allows it; reading needs nothing."
                    .to_owned(),
            );
        }
        let mut turn = self.sap.turn().await;
        // A kept token proves nothing about now.
        *turn = None;
        match self.sap.session(&mut turn, self.service).await {
            Ok(_) => self.good("gives the token that creating an order needs"),
            Err(error) => self.found(
                FindingState::Warning,
                format!("gives no token for creating an order: {}", error.message),
                "Allow GET with the header X-CSRF-Token: Fetch on the root of the service, also in proxies and API \
                 management between."
                    .to_owned(),
            ),
        }
    }
}

fn advice(near: Option<&str>, place: &str) -> String {
    match near {
        Some(near) => format!("{near} looks like it; if it is, name it in {place}."),
        None => format!("If the system has it under another name, give that in {place}."),
    }
}
