//! `$metadata`: which sets, fields and navigations a service really has. Read as a stream; a document type is refused, depth
//! and attributes are limited, and names and entities of a stranger are never expanded.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting accepted; a service description has eight levels.
const MAX_DEPTH: usize = 64;
/// Most attributes of one element.
const MAX_ATTRIBUTES: usize = 256;
/// Most sets, types, fields and links together; SAP's largest service has about 3,000.
const MAX_NAMES: usize = 50_000;
/// Longest name; SAP ends at 128 characters.
const MAX_NAME: usize = 256;

/// What a service says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// Entity sets.
    sets: BTreeMap<String, Set>,
    /// Entity types, without their namespace.
    types: BTreeMap<String, EntityType>,
    /// For each association, which role is which type.
    associations: BTreeMap<String, Vec<(String, String)>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Set {
    entity_type: String,
    is_creatable: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct EntityType {
    properties: BTreeMap<String, Property>,
    /// For each navigation, its association and the role it leads to.
    navigations: BTreeMap<String, (String, String)>,
}

/// A field of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Property {
    /// Whether conditions on it are allowed.
    pub(super) is_filterable: bool,
    /// Whether rows can be sorted by it.
    pub(super) is_sortable: bool,
}

/// Why a description was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// Not XML, or cut.
    #[error("it is not well-formed XML: {0}")]
    Broken(String),
    /// It has a document type.
    #[error("it has a document type, which is refused")]
    DocumentType,
    /// Too deep, too wide or too long.
    #[error("it has more {0} than can be accepted")]
    TooMuch(&'static str),
    /// XML, but of something else.
    #[error("it describes no entity sets")]
    NoSets,
}

impl Description {
    /// Reads a description.
    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let mut reader = Reader::from_reader(body);
        let mut read = Reading::default();
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) => {
                    read.open(&element)?;
                    read.depth += 1;
                    if read.depth > MAX_DEPTH {
                        return Err(Unreadable::TooMuch("levels"));
                    }
                }
                Ok(Event::Empty(element)) => {
                    read.open(&element)?;
                    read.close(element.local_name().as_ref());
                }
                Ok(Event::End(element)) => {
                    read.depth = read.depth.saturating_sub(1);
                    read.close(element.local_name().as_ref());
                }
                Ok(Event::DocType(_)) => return Err(Unreadable::DocumentType),
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(error) => return Err(Unreadable::Broken(error.to_string())),
            }
        }
        if read.depth > 0 {
            return Err(Unreadable::Broken("it ends within an element".to_owned()));
        }
        if read.found.sets.is_empty() {
            return Err(Unreadable::NoSets);
        }
        Ok(read.found)
    }

    /// Names of the entity sets.
    pub(super) fn sets(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    /// Whether the set is there.
    pub(super) fn has_set(&self, set: &str) -> bool {
        self.sets.contains_key(set)
    }

    /// Whether rows can be created; `None` when the set is not there.
    pub(super) fn is_creatable(&self, set: &str) -> Option<bool> {
        self.sets.get(set).map(|set| set.is_creatable)
    }

    /// A field of the set.
    pub(super) fn property(&self, set: &str, name: &str) -> Option<Property> {
        self.type_of(set)?.properties.get(name).copied()
    }

    /// Names of the fields and navigations of the set.
    pub(super) fn names(&self, set: &str) -> Vec<&str> {
        let Some(entity_type) = self.type_of(set) else {
            return Vec::new();
        };
        let names = entity_type
            .properties
            .keys()
            .chain(entity_type.navigations.keys());
        names.map(String::as_str).collect()
    }

    /// Whether the set has the navigation.
    pub(super) fn has_navigation(&self, set: &str, navigation: &str) -> bool {
        self.type_of(set)
            .is_some_and(|entity_type| entity_type.navigations.contains_key(navigation))
    }

    /// Where a navigation of the set leads; `None` also when the description does not say.
    pub(super) fn target(&self, set: &str, navigation: &str) -> Option<Target<'_>> {
        let (association, role) = self.type_of(set)?.navigations.get(navigation)?;
        let ends = self.associations.get(association)?;
        let (_, name) = ends.iter().find(|(own, _)| own == role)?;
        self.types.get(name).map(Target)
    }

    fn type_of(&self, set: &str) -> Option<&EntityType> {
        self.types.get(&self.sets.get(set)?.entity_type)
    }
}

/// The type a navigation leads to.
pub(super) struct Target<'d>(&'d EntityType);

impl Target<'_> {
    /// Whether it has the field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.properties.contains_key(name)
    }

    /// Names of its fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.properties.keys().map(String::as_str)
    }
}

#[derive(Default)]
struct Reading {
    found: Description,
    depth: usize,
    names: usize,
    /// The type whose fields come now.
    inside_type: Option<String>,
    /// The association whose ends come now.
    inside_association: Option<String>,
}

impl Reading {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), Unreadable> {
        let of = attributes(element)?;
        let text = |name: &str| of.get(name).cloned().unwrap_or_default();
        let is_not_no = |name: &str| of.get(name).map(String::as_str) != Some("false");
        match element.local_name().as_ref() {
            "EntityType" => {
                self.count()?;
                let name = text("Name");
                self.found.types.entry(name.clone()).or_default();
                self.inside_type = Some(name);
            }
            "Property" => {
                self.count()?;
                let property = Property {
                    is_filterable: is_not_no("filterable"),
                    is_sortable: is_not_no("sortable"),
                };
                if let Some(entity_type) = self.current() {
                    entity_type.properties.insert(text("Name"), property);
                }
            }
            "NavigationProperty" => {
                self.count()?;
                let leads = (local(&text("Relationship")), text("ToRole"));
                if let Some(entity_type) = self.current() {
                    entity_type.navigations.insert(text("Name"), leads);
                }
            }
            "Association" => self.inside_association = Some(text("Name")),
            "End" => {
                self.count()?;
                // An association set has ends too, but those name sets and no types.
                if let Some(association) = self
                    .inside_association
                    .clone()
                    .filter(|_| of.contains_key("Type"))
                {
                    let end = (text("Role"), local(&text("Type")));
                    self.found.associations.entry(association).or_default().push(end);
                }
            }
            "EntitySet" => {
                self.count()?;
                let set = Set {
                    entity_type: local(&text("EntityType")),
                    is_creatable: is_not_no("creatable"),
                };
                self.found.sets.insert(text("Name"), set);
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        match name {
            "EntityType" => self.inside_type = None,
            "Association" => self.inside_association = None,
            _ => {}
        }
    }

    fn current(&mut self) -> Option<&mut EntityType> {
        self.found.types.get_mut(self.inside_type.as_ref()?)
    }

    fn count(&mut self) -> Result<(), Unreadable> {
        self.names += 1;
        if self.names > MAX_NAMES {
            return Err(Unreadable::TooMuch("names"));
        }
        Ok(())
    }
}

/// The attributes of an element by local name. Values are taken as they stand; names of SAP have nothing to expand.
fn attributes(element: &BytesStart<'_>) -> Result<BTreeMap<String, String>, Unreadable> {
    let mut all = BTreeMap::new();
    for (count, attribute) in element.attributes().with_checks(false).enumerate() {
        if count >= MAX_ATTRIBUTES {
            return Err(Unreadable::TooMuch("attributes"));
        }
        let attribute = attribute.map_err(|error| Unreadable::Broken(error.to_string()))?;
        if attribute.value.len() > MAX_NAME {
            // A long label or documentation text; no name.
            continue;
        }
        let name = attribute.key.local_name().as_ref().to_owned();
        all.insert(name, attribute.value.into_owned());
    }
    Ok(all)
}

/// A name without its namespace.
fn local(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A description as SAP Gateway writes it.
    pub(in crate::sap) fn document(types: &[(&str, &[&str])], links: &[(&str, &str, &str)]) -> String {
        let mut text = String::from(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"1.0\" \
             xmlns:edmx=\"http://schemas.microsoft.com/ado/2007/06/edmx\" xmlns:sap=\"http://www.sap.com/Protocols/SAPData\">\
             <edmx:DataServices><Schema Namespace=\"NS\">",
        );
        for (set, fields) in types {
            text.push_str(&format!(
                "<EntityType Name=\"{set}Type\" sap:label=\"x &amp; y\">"
            ));
            for field in *fields {
                // A minus marks what conditions are not allowed on.
                let (field, more) = field
                    .strip_prefix('-')
                    .map_or((*field, ""), |field| (field, " sap:filterable=\"false\""));
                text.push_str(&format!("<Property Name=\"{field}\" Type=\"Edm.String\"{more}/>"));
            }
            for (from, navigation, to) in links.iter().filter(|(from, ..)| from == set) {
                text.push_str(&format!(
                    "<NavigationProperty Name=\"{navigation}\" Relationship=\"NS.{from}_{to}\" FromRole=\"a\" ToRole=\"b\"/>"
                ));
            }
            text.push_str("</EntityType>");
        }
        for (from, _, to) in links {
            text.push_str(&format!(
                "<Association Name=\"{from}_{to}\"><End Type=\"NS.{from}Type\" Role=\"a\"/><End Type=\"NS.{to}Type\" \
                 Role=\"b\"/></Association>"
            ));
        }
        text.push_str("<EntityContainer Name=\"c\">");
        for (set, _) in types {
            text.push_str(&format!(
                "<EntitySet Name=\"{set}\" EntityType=\"NS.{set}Type\" sap:creatable=\"false\"/>"
            ));
        }
        text.push_str("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
        text
    }

    #[test]
    fn sets_fields_and_navigations_are_found() {
        let text = document(
            &[
                ("A_PurchaseOrder", &["PurchaseOrder", "-LastChangeDateTime"]),
                ("A_PurchaseOrderItem", &["Plant"]),
            ],
            &[("A_PurchaseOrder", "to_PurchaseOrderItem", "A_PurchaseOrderItem")],
        );
        let found = Description::read(text.as_bytes()).unwrap();
        assert!(found.has_set("A_PurchaseOrder") && !found.has_set("A_PurchaseOrderType"));
        assert_eq!(found.is_creatable("A_PurchaseOrder"), Some(false));
        let is_filterable = |field| {
            found
                .property("A_PurchaseOrder", field)
                .map(|property| property.is_filterable)
        };
        assert_eq!(
            [
                is_filterable("PurchaseOrder"),
                is_filterable("LastChangeDateTime"),
                is_filterable("Plant")
            ],
            [Some(true), Some(false), None]
        );
        let items = found.target("A_PurchaseOrder", "to_PurchaseOrderItem").unwrap();
        assert!(items.has("Plant") && !items.has("PurchaseOrder"));
        assert!(found.target("A_PurchaseOrder", "to_Note").is_none());
    }

    #[test]
    fn hostile_descriptions_are_refused() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        let deep = "<a>".repeat(65);
        let wide = format!(
            "<a {}/>",
            (0..300).map(|n| format!("a{n}=\"1\" ")).collect::<String>()
        );
        let endless = format!("<x>{}", "<EntitySet Name=\"A\"/>".repeat(MAX_NAMES + 1));
        for (body, expected) in [
            (laughs, Unreadable::DocumentType),
            (&deep, Unreadable::TooMuch("levels")),
            (&wide, Unreadable::TooMuch("attributes")),
            (&endless, Unreadable::TooMuch("names")),
            ("<x></x>", Unreadable::NoSets),
            ("", Unreadable::NoSets),
            ("{}", Unreadable::NoSets),
        ] {
            assert_eq!(
                Description::read(body.as_bytes()),
                Err(expected),
                "{}",
                &body[..body.len().min(60)]
            );
        }
        for broken in [
            "<x><EntitySet Name=\"A\"/>",
            "<x><EntitySet Name=\"A\"/></y>",
            "<x a=></x>",
        ] {
            let read = Description::read(broken.as_bytes());
            assert!(
                matches!(read, Err(Unreadable::Broken(_) | Unreadable::NoSets)),
                "{broken}: {read:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            body in proptest::collection::vec(any::<u8>(), 0..300),
            cut in 0_usize..900,
            at in 0_usize..900,
            byte in any::<u8>(),
        ) {
            let _ = Description::read(&body);
            let mut text = document(&[("A", &["B", "-C"])], &[("A", "to_A", "A")]).into_bytes();
            let length = text.len();
            text[at % length] = byte;
            let _ = Description::read(&text);
            text.truncate(cut);
            let _ = Description::read(&text);
        }
    }
}
