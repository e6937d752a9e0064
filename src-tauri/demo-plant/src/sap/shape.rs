//! `$select` and `$expand`: which properties and navigations an answer shows, and the JSON of an entity.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

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

    /// The JSON of one entity, `base` being the service root with a trailing slash.
    pub(crate) fn entity(
        &self,
        data: &dyn Rows,
        set: &'static EntitySet,
        record: Record<'_>,
        base: &str,
    ) -> Value {
        let uri = format!("{base}{}({})", set.name, record.key_predicate(set));
        let mut entity = Map::from_iter([("__metadata".to_owned(), head(set, record, &uri, base))]);
        for property in set.properties {
            let wanted = self.properties.as_ref();
            if wanted.is_none_or(|wanted| wanted.contains(property.name)) {
                entity.insert(property.name.to_owned(), record.get(property).to_json());
            }
        }
        for navigation in set.navigations {
            let expanded = self
                .expand
                .iter()
                .find(|(wanted, _)| wanted.name == navigation.name);
            let value = match expanded {
                Some((_, inner)) => expanded_value(inner, data, navigation, record, base),
                None if self.properties.is_none() => {
                    json!({"__deferred": {"uri": format!("{uri}/{}", navigation.name)}})
                }
                None => continue,
            };
            entity.insert(navigation.name.to_owned(), value);
        }
        Value::Object(entity)
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

fn head(set: &EntitySet, record: Record<'_>, uri: &str, base: &str) -> Value {
    let service = base.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut metadata = json!({"id": uri, "uri": uri, "type": format!("{service}.{}", set.type_name())});
    if let Some(etag) = etag(record) {
        metadata["etag"] = json!(etag);
    }
    metadata
}

fn expanded_value(
    shape: &Shape,
    data: &dyn Rows,
    navigation: &'static Navigation,
    record: Record<'_>,
    base: &str,
) -> Value {
    let set = navigation.target.set();
    let targets = data.follow(navigation, record);
    let mut shown = targets
        .into_iter()
        .map(|target| shape.entity(data, set, target, base));
    if navigation.is_many {
        json!({"results": shown.collect::<Vec<_>>()})
    } else {
        shown.next().unwrap_or(Value::Null)
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::books::Books;
    use crate::sap::schema::SetId;

    fn shown(select: Option<&str>, expand: Option<&str>) -> Value {
        let books = Books::open(22_400, 300, 1_795_000_000_000);
        let set = SetId::PurchaseOrder.set();
        let shape = Shape::parse(select, expand, set).unwrap();
        let record = books.at(SetId::PurchaseOrder, 0).unwrap();
        shape.entity(&books, set, record, "http://h/S/")
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
