//! `$select` and `$expand`: which properties and navigations an answer shows, and the JSON of an entity.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::answer::SapError;
use super::edm::Edm;
use super::query::{Rows, unknown_property};
use super::schema::{EntitySet, Navigation, Record};

/// What is shown of an entity and of those it leads to.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// `None` shows everything, with links to the navigations that are not expanded.
    properties: Option<BTreeSet<&'static str>>,
    expand: Vec<(&'static Navigation, Shape)>,
}

/// What `$select` names at one level.
#[derive(Debug, Default)]
struct Selected {
    is_everything: bool,
    properties: BTreeSet<&'static str>,
    navigations: BTreeMap<&'static str, Selected>,
}

impl Shape {
    /// Reads both options; paths such as `to_PurchaseOrderItem/to_ScheduleLine` are followed.
    pub(crate) fn parse(
        select: Option<&str>,
        expand: Option<&str>,
        set: &'static EntitySet,
    ) -> Result<Self, SapError> {
        let mut shape = Self::default();
        for path in names(expand.unwrap_or_default()) {
            shape.add(path, set)?;
        }
        if let Some(select) = select {
            let mut selected = Selected::default();
            for path in names(select) {
                selected.add(path, path, set)?;
            }
            shape.narrow(&selected);
        }
        Ok(shape)
    }

    fn add(&mut self, path: &str, set: &'static EntitySet) -> Result<(), SapError> {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let navigation = set
            .navigation(name)
            .ok_or_else(|| SapError::unknown_segment(name))?;
        let known = self.expand.iter().position(|(known, _)| known.name == name);
        let at = known.unwrap_or_else(|| {
            self.expand.push((navigation, Self::default()));
            self.expand.len() - 1
        });
        match (rest, self.expand.get_mut(at)) {
            ("", _) | (_, None) => Ok(()),
            (rest, Some((_, inner))) => inner.add(rest, navigation.target.set()),
        }
    }

    /// Keeps what was selected; an expanded navigation that `$select` does not name is left out.
    fn narrow(&mut self, selected: &Selected) {
        if !selected.is_everything {
            self.properties = Some(selected.properties.clone());
            self.expand
                .retain(|(navigation, _)| selected.navigations.contains_key(navigation.name));
        }
        for (navigation, inner) in &mut self.expand {
            if let Some(named) = selected.navigations.get(navigation.name) {
                inner.narrow(named);
            }
        }
    }

    /// One entity ready to be written, `base` being the service root with a trailing slash.
    pub(crate) fn entity<'a>(
        &'a self,
        data: &'a dyn Rows,
        set: &'static EntitySet,
        record: Record<'a>,
        base: &'a str,
    ) -> Shown<'a> {
        Shown {
            shape: self,
            data,
            set,
            record,
            base,
        }
    }
}

/// An entity as it is written: straight to the answer, because a page of orders with their items is large.
pub(crate) struct Shown<'a> {
    shape: &'a Shape,
    data: &'a dyn Rows,
    set: &'static EntitySet,
    record: Record<'a>,
    base: &'a str,
}

/// A list of entities inside another.
#[derive(Serialize)]
struct Expanded<'a> {
    results: Vec<Shown<'a>>,
}

/// A link instead of what it leads to.
#[derive(Serialize)]
struct Deferred {
    #[serde(rename = "__deferred")]
    link: Link,
}

#[derive(Serialize)]
struct Link {
    uri: String,
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    uri: &'a str,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let uri = format!(
            "{}{}({})",
            self.base,
            self.set.name,
            self.record.key_predicate(self.set)
        );
        let service = self.base.trim_end_matches('/').rsplit('/').next();
        let mut map = serializer.serialize_map(None)?;
        let head = Head {
            id: &uri,
            uri: &uri,
            type_name: format!("{}.{}", service.unwrap_or_default(), self.set.type_name()),
            etag: etag(self.record),
        };
        map.serialize_entry("__metadata", &head)?;
        let wanted = self.shape.properties.as_ref();
        for property in self.set.properties {
            if wanted.is_none_or(|wanted| wanted.contains(property.name)) {
                map.serialize_entry(property.name, &self.record.get(property))?;
            }
        }
        for navigation in self.set.navigations {
            let expanded = self
                .shape
                .expand
                .iter()
                .find(|(wanted, _)| wanted.name == navigation.name);
            if let Some((_, inner)) = expanded {
                let mut results = self.follow(inner, navigation);
                if navigation.is_many {
                    map.serialize_entry(navigation.name, &Expanded { results })?;
                } else {
                    results.truncate(1);
                    map.serialize_entry(navigation.name, &results.pop())?;
                }
            } else if wanted.is_none() {
                let uri = format!("{uri}/{}", navigation.name);
                map.serialize_entry(navigation.name, &Deferred { link: Link { uri } })?;
            }
        }
        map.end()
    }
}

impl<'a> Shown<'a> {
    fn follow(&self, shape: &'a Shape, navigation: &'static Navigation) -> Vec<Shown<'a>> {
        self.data
            .follow(navigation, self.record)
            .into_iter()
            .map(|target| shape.entity(self.data, navigation.target.set(), target, self.base))
            .collect()
    }
}

impl Selected {
    fn add(&mut self, path: &str, whole: &str, set: &'static EntitySet) -> Result<(), SapError> {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        match (set.navigation(name), set.property(name), rest) {
            (None, _, "") if name == "*" => self.is_everything = true,
            (Some(navigation), _, "") => {
                self.navigations.entry(navigation.name).or_default().is_everything = true;
            }
            (Some(navigation), _, rest) => {
                let inner = self.navigations.entry(navigation.name).or_default();
                inner.add(rest, whole, navigation.target.set())?;
            }
            (None, Some(property), "") => _ = self.properties.insert(property.name),
            (None, _, _) => return Err(unknown_property(whole, set)),
        }
        Ok(())
    }
}

/// The entity tag of a record, where the type has one.
pub(crate) fn etag(record: Record<'_>) -> Option<String> {
    match record.field("LastChangeDateTime") {
        Some(Edm::DateTimeOffset(ms)) => {
            let time = jiff::Timestamp::from_millisecond(ms).ok()?;
            Some(format!("W/\"datetimeoffset'{time:.7}'\""))
        }
        _ => None,
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sap::books::Books;
    use crate::sap::schema::SetId;

    fn shown(select: Option<&str>, expand: Option<&str>) -> Value {
        let books = Books::open(22_400, 300, 1_795_000_000_000);
        let set = SetId::PurchaseOrder.set();
        let shape = Shape::parse(select, expand, set).unwrap();
        let record = books.at(SetId::PurchaseOrder, 0).unwrap();
        serde_json::to_value(shape.entity(&books, set, record, "http://h/S/")).unwrap()
    }

    #[test]
    fn select_shapes_the_expanded_navigation_too() {
        let entity = shown(
            Some("PurchaseOrder,to_PurchaseOrderItem/Material"),
            Some("to_PurchaseOrderItem"),
        );
        assert_eq!(entity["PurchaseOrder"], json!("4500000001"));
        assert!(entity.get("Supplier").is_none(), "not selected");
        let item = &entity["to_PurchaseOrderItem"]["results"][0];
        assert!(item["Material"].is_string());
        assert!(item.get("Plant").is_none(), "not selected: {item}");
        assert!(item.get("to_ScheduleLine").is_none(), "not selected: {item}");
    }

    #[test]
    fn a_navigation_that_select_does_not_name_is_left_out() {
        let entity = shown(Some("PurchaseOrder"), Some("to_PurchaseOrderItem"));
        assert!(entity.get("to_PurchaseOrderItem").is_none(), "{entity}");
    }

    #[test]
    fn expansion_goes_as_deep_as_it_is_asked() {
        let entity = shown(None, Some("to_PurchaseOrderItem/to_ScheduleLine"));
        let item = &entity["to_PurchaseOrderItem"]["results"][0];
        let line = &item["to_ScheduleLine"]["results"][0];
        assert_eq!(line["PurchasingDocument"], json!("4500000001"));
        assert!(
            item["to_AccountAssignment"]["__deferred"]["uri"].is_string(),
            "{item}"
        );
        let narrow = shown(
            Some("to_PurchaseOrderItem/to_ScheduleLine/ScheduleLine"),
            Some("to_PurchaseOrderItem/to_ScheduleLine"),
        );
        let line = &narrow["to_PurchaseOrderItem"]["results"][0]["to_ScheduleLine"]["results"][0];
        assert_eq!(line["ScheduleLine"], json!("0001"));
        assert!(line.get("PurchasingDocument").is_none(), "not selected: {line}");
    }
}
