//! System query options of OData V2 and what they do to a set of rows: filter, order, pages, expansion, JSON.
//! Page size and `__next` are the server's; nothing here writes.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::answer::SapError;
use super::filter::{self, Filter, FilterError};
use super::schema::{EntitySet, Navigation, Property, Row, SetId};

/// Rows in one page of a collection.
pub(crate) const PAGE_SIZE: usize = 100;

/// Where rows of a set are found.
pub(crate) trait Rows {
    fn rows(&self, set: SetId) -> Vec<&Row>;
}

/// The checked options of one request.
#[derive(Debug)]
pub(crate) struct Query {
    filter: Option<Filter>,
    order_by: Vec<(&'static Property, bool)>,
    top: Option<usize>,
    skip: usize,
    skip_token: usize,
    with_count: bool,
    shape: Shape,
}

/// Which properties and navigations an answer shows.
#[derive(Debug)]
pub(crate) struct Shape {
    properties: Option<BTreeSet<&'static str>>,
    expand: Vec<(&'static Navigation, Option<BTreeSet<&'static str>>)>,
}

/// One page of a collection and the token of the next.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) rows: Vec<&'a Row>,
    pub(crate) count: Option<usize>,
    pub(crate) next: Option<usize>,
}

impl Query {
    /// Reads the options; names without `$` (such as `sap-client`) are not options.
    pub(crate) fn parse(pairs: &[(String, String)], set: &'static EntitySet) -> Result<Self, SapError> {
        let (mut select, mut expand) = (None, None);
        let mut query = Self {
            filter: None,
            order_by: Vec::new(),
            top: None,
            skip: 0,
            skip_token: 0,
            with_count: false,
            shape: Shape {
                properties: None,
                expand: Vec::new(),
            },
        };
        let mut seen = BTreeSet::new();
        for (name, value) in pairs.iter().filter(|(name, _)| name.starts_with('$')) {
            if !seen.insert(name.as_str()) {
                let text = format!("System query option '{name}' is specified more than once");
                return Err(SapError::bad_request("/IWFND/CM_MGW_RT/022", text));
            }
            match name.as_str() {
                "$filter" => query.filter = Some(filter::parse(value, set).map_err(filter_error)?),
                "$select" => select = Some(value.as_str()),
                "$expand" => expand = Some(value.as_str()),
                "$orderby" => query.order_by = order_by(value, set)?,
                "$top" => query.top = Some(whole_number(name, value)?),
                "$skip" => query.skip = whole_number(name, value)?,
                "$skiptoken" => query.skip_token = whole_number(name, value)?,
                "$inlinecount" => query.with_count = inline_count(value)?,
                "$format" if value == "json" => {}
                "$format" => {
                    let text = format!("Format '{value}' is not supported");
                    return Err(SapError::new(
                        axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
                        "/IWFND/CM_CONSUMER/101",
                        text,
                    ));
                }
                _ => {
                    let text = format!("The URL contains the invalid system query option '{name}'");
                    return Err(SapError::bad_request("/IWFND/CM_MGW_RT/021", text));
                }
            }
        }
        query.shape = Shape::parse(select, expand, set)?;
        Ok(query)
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// How many rows the filter lets through.
    pub(crate) fn count(&self, rows: &[&Row]) -> usize {
        rows.iter().filter(|row| self.lets_through(row)).count()
    }

    fn lets_through(&self, row: &Row) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(row))
    }

    /// The page that this request asks for.
    pub(crate) fn page<'a>(&self, rows: Vec<&'a Row>) -> Page<'a> {
        let mut hits: Vec<&Row> = rows.into_iter().filter(|row| self.lets_through(row)).collect();
        let count = self.with_count.then_some(hits.len());
        // A stable sort over rows that come in key order: equal values stay in key order, page after page.
        hits.sort_by(|a, b| {
            self.order_by
                .iter()
                .map(|(property, is_descending)| {
                    let order = a
                        .get(property)
                        .compare(&b.get(property))
                        .unwrap_or(Ordering::Equal);
                    if *is_descending { order.reverse() } else { order }
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        let wanted: Vec<&Row> = hits
            .into_iter()
            .skip(self.skip)
            .take(self.top.unwrap_or(usize::MAX))
            .collect();
        let next = self.skip_token.saturating_add(PAGE_SIZE);
        let next = (next < wanted.len()).then_some(next);
        let rows = wanted.into_iter().skip(self.skip_token).take(PAGE_SIZE).collect();
        Page { rows, count, next }
    }
}

impl Shape {
    fn parse(select: Option<&str>, expand: Option<&str>, set: &'static EntitySet) -> Result<Self, SapError> {
        let mut expand: Vec<(&Navigation, Option<BTreeSet<&str>>)> = expand
            .map(names)
            .unwrap_or_default()
            .into_iter()
            .map(|name| {
                let known = set.navigation(name).map(|navigation| (navigation, None));
                known.ok_or_else(|| SapError::unknown_segment(name))
            })
            .collect::<Result<_, _>>()?;
        let Some(select) = select else {
            return Ok(Self {
                properties: None,
                expand,
            });
        };
        let mut properties = BTreeSet::new();
        let mut is_everything = false;
        // What of each navigation was named: all of it (`None`) or single properties.
        let mut named: Vec<(&'static str, Option<BTreeSet<&'static str>>)> = Vec::new();
        for name in names(select) {
            match name.split_once('/') {
                None if name == "*" => is_everything = true,
                None => match (set.property(name), set.navigation(name)) {
                    (Some(property), _) => _ = properties.insert(property.name),
                    (None, Some(navigation)) => named.push((navigation.name, None)),
                    (None, None) => return Err(unknown_property(name, set)),
                },
                Some((path, field)) => {
                    let navigation = set.navigation(path).ok_or_else(|| unknown_property(name, set))?;
                    let target = navigation.target.set();
                    let fields = match field {
                        "*" => None,
                        field => {
                            let known = target
                                .property(field)
                                .ok_or_else(|| unknown_property(name, target))?;
                            Some(BTreeSet::from([known.name]))
                        }
                    };
                    merge(&mut named, navigation.name, fields);
                }
            }
        }
        // An expanded navigation that `$select` does not name is left out.
        expand.retain(|(navigation, _)| named.iter().any(|(name, _)| *name == navigation.name));
        for (navigation, fields) in &mut expand {
            *fields = named
                .iter()
                .find(|(name, _)| *name == navigation.name)
                .and_then(|(_, fields)| fields.clone());
        }
        let properties = (!is_everything).then_some(properties);
        Ok(Self { properties, expand })
    }

    /// The JSON of one entity, `base` being the service root with a trailing slash.
    pub(crate) fn entity(&self, data: &dyn Rows, set: &'static EntitySet, row: &Row, base: &str) -> Value {
        let mut entity = entity_head(set, row, base);
        add_properties(&mut entity, set, row, self.properties.as_ref());
        for navigation in set.navigations {
            let expanded = self
                .expand
                .iter()
                .find(|(wanted, _)| wanted.name == navigation.name);
            match expanded {
                Some((_, fields)) => {
                    let value = expanded_value(data, navigation, row, fields.as_ref(), base);
                    entity.insert(navigation.name.to_owned(), value);
                }
                None if self.properties.is_none() => {
                    let uri = format!(
                        "{base}{}({})/{}",
                        set.name,
                        row.key_predicate(set),
                        navigation.name
                    );
                    entity.insert(navigation.name.to_owned(), json!({"__deferred": {"uri": uri}}));
                }
                None => {}
            }
        }
        Value::Object(entity)
    }
}

/// The rows a navigation leads to.
pub(crate) fn follow<'a>(data: &'a dyn Rows, navigation: &Navigation, row: &Row) -> Vec<&'a Row> {
    data.rows(navigation.target)
        .into_iter()
        .filter(|target| {
            navigation
                .join
                .iter()
                .all(|(from, to)| row.text(from) == target.text(to))
        })
        .collect()
}

/// The entity tag of a row, where the type has one.
pub(crate) fn etag(row: &Row) -> Option<String> {
    match row.raw("LastChangeDateTime") {
        Some(super::edm::Edm::DateTimeOffset(ms)) => {
            let time = jiff::Timestamp::from_millisecond(*ms).ok()?;
            Some(format!("W/\"datetimeoffset'{time:.7}'\""))
        }
        _ => None,
    }
}

fn merge(
    named: &mut Vec<(&'static str, Option<BTreeSet<&'static str>>)>,
    navigation: &'static str,
    fields: Option<BTreeSet<&'static str>>,
) {
    match named.iter_mut().find(|(name, _)| *name == navigation) {
        Some((_, known)) => match (known.as_mut(), fields) {
            (Some(known), Some(fields)) => known.extend(fields),
            _ => *known = None,
        },
        None => named.push((navigation, fields)),
    }
}

fn expanded_value(
    data: &dyn Rows,
    navigation: &'static Navigation,
    row: &Row,
    fields: Option<&BTreeSet<&'static str>>,
    base: &str,
) -> Value {
    let set = navigation.target.set();
    let render = |row: &Row| {
        let mut entity = entity_head(set, row, base);
        add_properties(&mut entity, set, row, fields);
        if fields.is_none() {
            for inner in set.navigations {
                let uri = format!("{base}{}({})/{}", set.name, row.key_predicate(set), inner.name);
                entity.insert(inner.name.to_owned(), json!({"__deferred": {"uri": uri}}));
            }
        }
        Value::Object(entity)
    };
    let targets = follow(data, navigation, row);
    if navigation.is_many {
        json!({"results": targets.into_iter().map(render).collect::<Vec<_>>()})
    } else {
        targets.first().map_or(Value::Null, |target| render(target))
    }
}

fn entity_head(set: &EntitySet, row: &Row, base: &str) -> Map<String, Value> {
    let uri = format!("{base}{}({})", set.name, row.key_predicate(set));
    let service = base.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut metadata = json!({"id": uri, "uri": uri, "type": format!("{service}.{}", set.type_name())});
    if let Some(etag) = etag(row) {
        metadata["etag"] = json!(etag);
    }
    Map::from_iter([("__metadata".to_owned(), metadata)])
}

fn add_properties(
    entity: &mut Map<String, Value>,
    set: &EntitySet,
    row: &Row,
    wanted: Option<&BTreeSet<&'static str>>,
) {
    for property in set.properties {
        if wanted.is_none_or(|wanted| wanted.contains(property.name)) {
            entity.insert(property.name.to_owned(), row.get(property).to_json());
        }
    }
}

fn names(list: &str) -> Vec<&str> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

fn order_by(value: &str, set: &'static EntitySet) -> Result<Vec<(&'static Property, bool)>, SapError> {
    names(value)
        .into_iter()
        .map(|part| {
            let mut words = part.split_whitespace();
            let name = words.next().unwrap_or_default();
            let property = set.property(name).ok_or_else(|| unknown_property(name, set))?;
            match (words.next(), words.next()) {
                (None | Some("asc"), None) => Ok((property, false)),
                (Some("desc"), None) => Ok((property, true)),
                _ => Err(invalid_option("$orderby", value)),
            }
        })
        .collect()
}

fn whole_number(name: &str, value: &str) -> Result<usize, SapError> {
    value.parse().map_err(|_| invalid_option(name, value))
}

fn inline_count(value: &str) -> Result<bool, SapError> {
    match value {
        "allpages" => Ok(true),
        "none" => Ok(false),
        _ => Err(invalid_option("$inlinecount", value)),
    }
}

fn invalid_option(name: &str, value: &str) -> SapError {
    SapError::bad_request(
        "/IWFND/CM_MGW_RT/021",
        format!("Invalid value '{value}' for system query option '{name}'"),
    )
}

fn unknown_property(name: &str, set: &EntitySet) -> SapError {
    let text = format!("Property '{name}' not found in type '{}'", set.type_name());
    SapError::bad_request("005056A509B11ED1B9BF9F46AD8A02CD", text)
}

fn filter_error(error: FilterError) -> SapError {
    match error {
        FilterError::InvalidToken { position } => SapError::bad_request(
            "005056A509B11EE1B9A8FEC11C23378E",
            format!("Invalid token detected at position '{position}'."),
        ),
        FilterError::UnknownProperty { name, entity_type } => SapError::bad_request(
            "005056A509B11ED1B9BF9F46AD8A02CD",
            format!("Property '{name}' not found in type '{entity_type}'"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::edm::Edm;

    struct Two(Vec<Row>, Vec<Row>);

    impl Rows for Two {
        fn rows(&self, set: SetId) -> Vec<&Row> {
            match set {
                SetId::PurchaseOrder => self.0.iter().collect(),
                SetId::PurchaseOrderItem => self.1.iter().collect(),
                _ => Vec::new(),
            }
        }
    }

    fn data(count: usize) -> Two {
        let number = |n: usize| Edm::text(format!("{n:010}"));
        let orders = (0..count).map(|n| {
            Row::default()
                .with("PurchaseOrder", number(n))
                .with("Supplier", Edm::text(if n % 2 == 0 { "A" } else { "B" }))
        });
        let items = (0..count).map(|n| {
            Row::default()
                .with("PurchaseOrder", number(n))
                .with("PurchaseOrderItem", Edm::text("00010"))
        });
        Two(orders.collect(), items.collect())
    }

    fn query(pairs: &[(&str, &str)]) -> Result<Query, SapError> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        Query::parse(&pairs, SetId::PurchaseOrder.set())
    }

    #[test]
    fn pages_cover_every_row_once() {
        let data = data(250);
        let mut seen = Vec::new();
        let mut token = 0;
        loop {
            let text = token.to_string();
            let query = query(&[("$skiptoken", &text), ("$orderby", "Supplier desc")]).unwrap();
            let page = query.page(data.rows(SetId::PurchaseOrder));
            seen.extend(page.rows.iter().map(|row| row.text("PurchaseOrder").to_owned()));
            match page.next {
                Some(next) => token = next,
                None => break,
            }
        }
        assert_eq!(seen.len(), 250);
        assert_eq!(
            seen.iter().collect::<BTreeSet<_>>().len(),
            250,
            "a row came twice"
        );
    }

    #[test]
    fn top_and_skip_count_before_pages() {
        let data = data(250);
        let query = query(&[("$top", "5"), ("$skip", "248"), ("$inlinecount", "allpages")]).unwrap();
        let page = query.page(data.rows(SetId::PurchaseOrder));
        assert_eq!((page.rows.len(), page.count, page.next), (2, Some(250), None));
    }

    #[test]
    fn select_shapes_the_expanded_navigation_too() {
        let data = data(1);
        let query = query(&[
            ("$select", "PurchaseOrder,to_PurchaseOrderItem/Material"),
            ("$expand", "to_PurchaseOrderItem"),
        ])
        .unwrap();
        let entity = query
            .shape()
            .entity(&data, SetId::PurchaseOrder.set(), &data.0[0], "http://h/S/");
        assert_eq!(entity["PurchaseOrder"], json!("0000000000"));
        assert!(entity.get("Supplier").is_none(), "not selected");
        let item = &entity["to_PurchaseOrderItem"]["results"][0];
        assert_eq!(item["Material"], json!(""));
        assert!(item.get("Plant").is_none(), "not selected: {item}");
    }

    #[test]
    fn a_navigation_that_select_does_not_name_is_left_out() {
        let data = data(1);
        let query = query(&[("$select", "PurchaseOrder"), ("$expand", "to_PurchaseOrderItem")]).unwrap();
        let entity = query
            .shape()
            .entity(&data, SetId::PurchaseOrder.set(), &data.0[0], "http://h/S/");
        assert!(entity.get("to_PurchaseOrderItem").is_none(), "{entity}");
    }

    #[test]
    fn wrong_options_are_refused() {
        for pair in [
            ("$top", "-1"),
            ("$top", "x"),
            ("$inlinecount", "true"),
            ("$count", "true"),
            ("$orderby", "Nope"),
            ("$orderby", "Supplier down"),
            ("$select", "Nope"),
            ("$select", "to_PurchaseOrderItem/Nope"),
            ("$expand", "to_Nope"),
            ("$search", "x"),
            ("$format", "atom"),
        ] {
            assert!(query(&[pair]).is_err(), "must be refused: {pair:?}");
        }
        assert!(
            query(&[("$top", "1"), ("$top", "2")]).is_err(),
            "twice the same option"
        );
    }
}
