//! What a system calls SAP's services, sets and fields. Everywhere else the standard names are used; a system that differs
//! is described here, and the names are exchanged at the edge: when an address or a body is made, and when rows are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::catalog::{self, EntitySet};
use crate::transport::ConfigProblem;

/// A service that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Purchase orders, read and created.
    PurchaseOrders,
    /// Stock.
    Stock,
    /// Material master with valuation.
    Products,
    /// Cost centres.
    CostCenters,
    /// Planned amounts.
    Plan,
    /// Actual amounts.
    Journal,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PurchaseOrders,
        Self::Stock,
        Self::Products,
        Self::CostCenters,
        Self::Plan,
        Self::Journal,
    ];

    /// The word in the configuration, `sap.services.<word>`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::PurchaseOrders => "purchase_orders",
            Self::Stock => "stock",
            Self::Products => "products",
            Self::CostCenters => "cost_centers",
            Self::Plan => "plan",
            Self::Journal => "journal",
        }
    }

    /// The service with this word.
    #[must_use]
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.key() == key)
    }

    /// Name of SAP's own service, which is also its path under the endpoint.
    #[must_use]
    pub const fn standard_path(self) -> &'static str {
        match self {
            Self::PurchaseOrders => "API_PURCHASEORDER_PROCESS_SRV",
            Self::Stock => "API_MATERIAL_STOCK_SRV",
            Self::Products => "API_PRODUCT_SRV",
            Self::CostCenters => "API_COSTCENTER_SRV",
            Self::Plan => "API_FINPLANNINGENTRYITEM_SRV",
            Self::Journal => "API_JOURNALENTRYITEMBASIC_SRV",
        }
    }

    /// What people call what it tells.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PurchaseOrders => "purchase orders",
            Self::Stock => "stock",
            Self::Products => "material master",
            Self::CostCenters => "cost centers",
            Self::Plan => "planned amounts",
            Self::Journal => "actual amounts",
        }
    }

    /// Standard name of the set that `set` names in the configuration.
    #[must_use]
    pub fn main_set(self) -> &'static str {
        self.sets()[0].name
    }

    /// Communication scenario of S/4HANA Cloud that has the service, where it is known.
    pub(super) const fn scenario(self) -> Option<&'static str> {
        match self {
            Self::PurchaseOrders => Some("SAP_COM_0053"),
            Self::Stock => Some("SAP_COM_0164"),
            Self::Plan => Some("SAP_COM_0087"),
            Self::Products | Self::CostCenters | Self::Journal => None,
        }
    }

    /// The sets that are read, the main one first.
    pub(super) fn sets(self) -> &'static [&'static EntitySet] {
        match self {
            Self::PurchaseOrders => &catalog::PURCHASE_ORDERS,
            Self::Stock => &catalog::STOCKS,
            Self::Products => &catalog::PRODUCTS,
            Self::CostCenters => &catalog::COST_CENTERS,
            Self::Plan => &catalog::PLAN,
            Self::Journal => &catalog::JOURNAL,
        }
    }

    /// Every standard name of a field or navigation that is asked for, read or written.
    pub(super) fn fields(self) -> Vec<&'static str> {
        let mut all: Vec<&'static str> = Vec::new();
        if self == Self::PurchaseOrders {
            all.push(catalog::SCHEDULE.name);
            all.extend(catalog::SCHEDULE.target.needed);
        }
        let navigated = self
            .sets()
            .iter()
            .flat_map(|set| set.navigations.iter().map(|navigation| navigation.target));
        for set in self.sets().iter().copied().chain(navigated) {
            all.extend(set.order.iter().chain(set.needed).chain(set.useful));
            all.extend(set.navigations.iter().map(|navigation| navigation.name));
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What one service is called in a system that differs. Standard name first, the system's name second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceNames {
    /// Path under the endpoint.
    pub path: Option<String>,
    /// Entity sets.
    pub sets: BTreeMap<String, String>,
    /// Fields and navigations, in all sets of the service. An empty name says that the system has no such field.
    pub fields: BTreeMap<String, String>,
}

/// What a system calls things; empty for one that has SAP's own services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(pub BTreeMap<Service, ServiceNames>);

impl Names {
    /// Path of a service under the endpoint.
    pub(super) fn path(&self, service: Service) -> &str {
        let own = self.0.get(&service).and_then(|names| names.path.as_deref());
        own.unwrap_or(service.standard_path())
    }

    /// Name of a set.
    pub(super) fn set<'n>(&'n self, service: Service, standard: &'n str) -> &'n str {
        let own = self.0.get(&service).and_then(|names| names.sets.get(standard));
        own.map_or(standard, String::as_str)
    }

    /// Name of a field or navigation; `None` where the configuration says that the system has none.
    pub(super) fn field<'n>(&'n self, service: Service, standard: &'n str) -> Option<&'n str> {
        let own = self.0.get(&service).and_then(|names| names.fields.get(standard));
        Some(own.map_or(standard, String::as_str)).filter(|name| !name.is_empty())
    }

    /// A body of the system with the standard names in it. Costs nothing where no field is renamed.
    pub(super) fn to_standard<'b>(&self, service: Service, body: &'b [u8]) -> Cow<'b, [u8]> {
        match self.0.get(&service) {
            Some(names) if !names.fields.is_empty() => Cow::Owned(renamed(&names.fields, body)),
            _ => Cow::Borrowed(body),
        }
    }

    /// What cannot be a name, and what is no standard name.
    pub(super) fn check(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut add = |field: String, value: &str, problem: &str, remedy: String| {
            problems.push(ConfigProblem {
                field,
                value: value.to_owned(),
                problem: problem.to_owned(),
                remedy,
            });
        };
        for (service, names) in &self.0 {
            let section = format!("services.{}", service.key());
            if let Some(path) = names.path.as_deref().filter(|path| !is_path(path)) {
                let remedy = format!("Give one such as {}.", service.standard_path());
                add(
                    format!("{section}.path"),
                    path,
                    "is not the path of a service",
                    remedy,
                );
            }
            let sets: Vec<_> = service.sets().iter().map(|set| set.name).collect();
            let kinds = [
                ("sets", &names.sets, sets),
                ("fields", &names.fields, service.fields()),
            ];
            for (kind, given, known) in kinds {
                for (standard, own) in given {
                    let place = format!("{section}.{kind}.{standard}");
                    if !known.contains(&standard.as_str()) {
                        let remedy = nearest(standard, known.iter().copied()).map_or_else(
                            || "Remove it; nothing is read or written by that name.".to_owned(),
                            |name| format!("Did you mean {name}?"),
                        );
                        add(
                            place,
                            own,
                            "is not a name of SAP's own service that is used",
                            remedy,
                        );
                    } else if !(is_identifier(own) || (own.is_empty() && kind == "fields")) {
                        let remedy = "Give letters, digits and underscores as $metadata has them.".to_owned();
                        add(place, own, "is not a name", remedy);
                    } else if let Some(other) = known.iter().find(|other| {
                        let theirs = given.get(**other).map_or(**other, String::as_str);
                        **other != standard && !own.is_empty() && theirs == own
                    }) {
                        let remedy = match given.contains_key(*other) {
                            true => "Give each a name of its own.".to_owned(),
                            false => format!("If the system has no {other}, give that an empty name."),
                        };
                        add(place, own, &format!("is also the name of {other}"), remedy);
                    }
                }
            }
        }
        problems
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 128
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A path may have a namespace and a version, `/NS/Z_SRV;v=2`; it never leads upwards.
fn is_path(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.;=/".contains(&b);
    !path.is_empty()
        && path.len() <= 200
        && path.bytes().all(is_plain)
        && !path.starts_with('/')
        && path
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// The name that looks most like this one, when any does.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_ascii_lowercase();
    let (far, best) = known
        .map(|known| (edits(&name, &known.to_ascii_lowercase()), known))
        .min()?;
    (far * 2 <= best.len()).then_some(best)
}

/// Edit distance of two short names.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let cost = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// The body with every key that is a name of the system exchanged for the standard one. A key that has a standard name
/// which stands for another field here is set aside, or two fields would have one name.
fn renamed(fields: &BTreeMap<String, String>, body: &[u8]) -> Vec<u8> {
    let standard: BTreeMap<&[u8], &str> = fields
        .iter()
        .filter(|(_, own)| !own.is_empty())
        .map(|(standard, own)| (own.as_bytes(), standard.as_str()))
        .collect();
    let mut out = Vec::with_capacity(body.len() + body.len() / 8);
    let mut rest = body;
    while let Some(at) = rest.iter().position(|b| *b == b'"') {
        let (before, from) = rest.split_at(at + 1);
        out.extend_from_slice(before);
        let end = end_of_string(from);
        let (text, after) = from.split_at(end);
        let is_key = after
            .iter()
            .skip(1)
            .find(|b| !b.is_ascii_whitespace())
            .is_some_and(|b| *b == b':');
        match standard.get(text) {
            Some(name) if is_key => out.extend_from_slice(name.as_bytes()),
            None if is_key && std::str::from_utf8(text).is_ok_and(|text| fields.contains_key(text)) => {
                out.extend_from_slice(b"~");
                out.extend_from_slice(text);
            }
            _ => out.extend_from_slice(text),
        }
        if let Some(quote) = after.first() {
            out.push(*quote);
        }
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// Where the string ends, its closing quote not included.
fn end_of_string(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(fields: &[(&str, &str)]) -> Names {
        let fields = fields
            .iter()
            .map(|(standard, own)| ((*standard).to_owned(), (*own).to_owned()))
            .collect();
        let names = ServiceNames {
            fields,
            ..ServiceNames::default()
        };
        Names([(Service::PurchaseOrders, names)].into())
    }

    fn standard(names: &Names, body: &str) -> String {
        String::from_utf8(
            names
                .to_standard(Service::PurchaseOrders, body.as_bytes())
                .into_owned(),
        )
        .unwrap()
    }

    #[test]
    fn keys_are_exchanged_and_values_are_not() {
        let names = names(&[("Supplier", "ZZVENDOR"), ("Plant", "")]);
        assert_eq!(
            standard(
                &names,
                r#"{"ZZVENDOR" : "ZZVENDOR","a":"\"ZZVENDOR\":","Supplier":"x","Plant":"1","n":["ZZVENDOR"]}"#
            ),
            r#"{"Supplier" : "ZZVENDOR","a":"\"ZZVENDOR\":","~Supplier":"x","~Plant":"1","n":["ZZVENDOR"]}"#
        );
        let swapped = self::names(&[("Supplier", "Plant"), ("Plant", "Supplier")]);
        assert_eq!(
            standard(&swapped, r#"{"Plant":1,"Supplier":2}"#),
            r#"{"Supplier":1,"Plant":2}"#
        );
    }

    #[test]
    fn a_wrong_name_is_named_with_the_nearest_one() {
        let mut wrong = names(&[("Suplier", "ZZVENDOR"), ("Plant", "Z Plant"), ("Material", "")]);
        let orders = wrong.0.get_mut(&Service::PurchaseOrders).unwrap();
        orders.path = Some("../OTHER".to_owned());
        orders
            .sets
            .insert("A_PurchaseOrders".to_owned(), "ZSet".to_owned());
        let problems = wrong.check();
        let found: Vec<_> = problems
            .iter()
            .map(|p| (p.field.as_str(), p.remedy.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (
                    "services.purchase_orders.path",
                    "Give one such as API_PURCHASEORDER_PROCESS_SRV."
                ),
                (
                    "services.purchase_orders.sets.A_PurchaseOrders",
                    "Did you mean A_PurchaseOrder?"
                ),
                (
                    "services.purchase_orders.fields.Plant",
                    "Give letters, digits and underscores as $metadata has them."
                ),
                (
                    "services.purchase_orders.fields.Suplier",
                    "Did you mean Supplier?"
                ),
            ]
        );
        assert!(Names::default().check().is_empty());
    }

    #[test]
    fn two_fields_cannot_have_one_name() {
        let problems = |fields: &[(&str, &str)]| -> Vec<(String, String)> {
            let problems = names(fields).check().into_iter();
            problems.map(|problem| (problem.field, problem.problem)).collect()
        };
        let place = |field: &str| format!("services.purchase_orders.fields.{field}");
        assert_eq!(
            problems(&[("Supplier", "ZZV"), ("CompanyCode", "ZZV")]),
            [
                (place("CompanyCode"), "is also the name of Supplier".to_owned()),
                (place("Supplier"), "is also the name of CompanyCode".to_owned()),
            ]
        );
        assert_eq!(
            problems(&[("Supplier", "CompanyCode")]),
            [(place("Supplier"), "is also the name of CompanyCode".to_owned())]
        );
        for accepted in [
            [("Supplier", "CompanyCode"), ("CompanyCode", "Supplier")],
            [("Supplier", "CompanyCode"), ("CompanyCode", "")],
            [("Supplier", ""), ("CompanyCode", "")],
        ] {
            assert_eq!(problems(&accepted), []);
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_exchange_panic_or_lose_bytes(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let names = names(&[("Supplier", "ZZVENDOR")]);
            let out = names.to_standard(Service::PurchaseOrders, &body);
            prop_assert!(out.len() <= body.len() + body.len() / 4);
            let none = self::names(&[("Supplier", "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqq")]);
            if !body.windows(8).any(|part| part == b"Supplier") {
                prop_assert_eq!(none.to_standard(Service::PurchaseOrders, &body).into_owned(), body);
            }
        }
    }
}
