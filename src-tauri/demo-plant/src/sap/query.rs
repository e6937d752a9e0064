//! System query options of OData V2 and what they do to a set of rows: filter, order, pages.
//! Page size and `__next` are the server's; nothing here writes.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::answer::SapError;
use super::edm::Edm;
use super::filter::{self, Filter, FilterError};
use super::schema::{EntitySet, Navigation, Property, Record, SetId};
use super::shape::Shape;

/// Rows in one page of a collection.
pub(crate) const PAGE_SIZE: usize = 100;

/// Where the rows of a set are found, by their place in key order.
pub(crate) trait Rows {
    fn count(&self, set: SetId) -> usize;
    fn at(&self, set: SetId, index: usize) -> Option<Record<'_>>;
    /// The rows a navigation leads to, in key order.
    fn follow<'a>(&'a self, navigation: &Navigation, from: Record<'_>) -> Vec<Record<'a>>;
}

/// The checked options of one request.
#[derive(Debug)]
pub(crate) struct Query {
    filter: Option<Filter>,
    order_by: Vec<(&'static Property, bool)>,
    /// Filter and order as they were written: two requests with the same choice find the same rows.
    choice: String,
    is_key_order: bool,
    top: Option<usize>,
    skip: usize,
    skip_token: usize,
    with_count: bool,
    shape: Shape,
}

/// The rows that a filter lets through, in the order asked for.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// Every row in key order.
    All(usize),
    /// These places.
    These(Arc<[u32]>),
}

/// One page of a collection and the token of the next.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) places: Vec<usize>,
    pub(crate) count: Option<usize>,
    pub(crate) next: Option<usize>,
}

impl Found {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::These(places) => places.len(),
        }
    }

    fn place(&self, position: usize) -> Option<usize> {
        match self {
            Self::All(count) => (position < *count).then_some(position),
            Self::These(places) => usize::try_from(*places.get(position)?).ok(),
        }
    }
}

impl Query {
    /// Reads the options; names without `$` (such as `sap-client`) are not options.
    pub(crate) fn parse(pairs: &[(String, String)], set: &'static EntitySet) -> Result<Self, SapError> {
        let (mut select, mut expand) = (None, None);
        let mut query = Self {
            filter: None,
            order_by: Vec::new(),
            choice: String::new(),
            is_key_order: true,
            top: None,
            skip: 0,
            skip_token: 0,
            with_count: false,
            shape: Shape::default(),
        };
        let mut seen = BTreeSet::new();
        for (name, value) in pairs.iter().filter(|(name, _)| name.starts_with('$')) {
            if !seen.insert(name.as_str()) {
                let text = format!("System query option '{name}' is specified more than once");
                return Err(SapError::bad_request("/IWFND/CM_MGW_RT/022", text));
            }
            if matches!(name.as_str(), "$filter" | "$orderby") {
                query.choice.push_str(&format!("{name}={value}\n"));
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
        query.is_key_order = is_key_order(&query.order_by, set);
        query.shape = Shape::parse(select, expand, set)?;
        Ok(query)
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(crate) fn choice(&self) -> &str {
        &self.choice
    }

    /// The rows this request is about, out of `count` rows in key order.
    pub(crate) fn find<'a>(&self, count: usize, at: impl Fn(usize) -> Option<Record<'a>>) -> Found {
        if self.filter.is_none() && self.is_key_order {
            return Found::All(count);
        }
        let hits = (0..count)
            .filter_map(|place| Some((u32::try_from(place).ok()?, at(place)?)))
            .filter(|(_, record)| self.filter.as_ref().is_none_or(|filter| filter.matches(*record)));
        if self.is_key_order {
            return Found::These(hits.map(|(place, _)| place).collect());
        }
        let mut hits: Vec<(Vec<Edm>, u32)> = hits
            .map(|(place, record)| {
                let values = self.order_by.iter().map(|(property, _)| record.get(property));
                (values.collect(), place)
            })
            .collect();
        // A stable sort over rows that come in key order: equal values stay in key order, page after page.
        hits.sort_by(|(a, _), (b, _)| self.order(a, b));
        Found::These(hits.into_iter().map(|(_, place)| place).collect())
    }

    fn order(&self, a: &[Edm], b: &[Edm]) -> Ordering {
        self.order_by
            .iter()
            .zip(a.iter().zip(b))
            .map(|((_, is_descending), (a, b))| {
                let order = a.compare(b).unwrap_or(Ordering::Equal);
                if *is_descending { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// The page that this request asks for.
    pub(crate) fn page(&self, found: &Found) -> Page {
        let wanted = found
            .len()
            .saturating_sub(self.skip)
            .min(self.top.unwrap_or(usize::MAX));
        let end = self.skip_token.saturating_add(PAGE_SIZE);
        let places = (self.skip_token..end.min(wanted))
            .filter_map(|position| found.place(self.skip.saturating_add(position)))
            .collect();
        Page {
            places,
            count: self.with_count.then_some(found.len()),
            next: (end < wanted).then_some(end),
        }
    }
}

/// Whether this order is the one that rows lie in anyway: nothing, or the first keys ascending.
fn is_key_order(order_by: &[(&'static Property, bool)], set: &EntitySet) -> bool {
    let mut keys = set.keys();
    order_by.iter().all(|(property, is_descending)| {
        !is_descending && keys.next().is_some_and(|key| key.name == property.name)
    })
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
            if !property.is_sortable {
                return Err(SapError::bad_request(
                    "/IWBEP/CM_MGW_RT/021",
                    format!("Property '{name}' is not sortable"),
                ));
            }
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

/// A property that the type does not have.
pub(crate) fn unknown_property(name: &str, set: &EntitySet) -> SapError {
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
        FilterError::NotFilterable { name } => SapError::bad_request(
            "/IWBEP/CM_MGW_RT/021",
            format!("Property '{name}' is not filterable"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::schema::Row;

    fn data(count: usize) -> Vec<Row> {
        (0..count)
            .map(|n| {
                Row::default()
                    .with("PurchaseOrder", Edm::text(format!("{n:010}")))
                    .with("Supplier", Edm::text(if n % 2 == 0 { "A" } else { "B" }))
            })
            .collect()
    }

    fn query(pairs: &[(&str, &str)]) -> Result<Query, SapError> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        Query::parse(&pairs, SetId::PurchaseOrder.set())
    }

    fn found(query: &Query, data: &[Row]) -> Found {
        query.find(data.len(), |place| data.get(place).map(Record::from))
    }

    #[test]
    fn pages_cover_every_row_once() {
        let data = data(250);
        for (order, first) in [
            ("Supplier desc", 1),
            ("PurchaseOrder", 0),
            ("PurchaseOrder desc", 249),
        ] {
            let mut seen = Vec::new();
            let mut token = 0;
            loop {
                let text = token.to_string();
                let query = query(&[("$skiptoken", &text), ("$orderby", order)]).unwrap();
                let page = query.page(&found(&query, &data));
                seen.extend(page.places);
                match page.next {
                    Some(next) => token = next,
                    None => break,
                }
            }
            let once: BTreeSet<&usize> = seen.iter().collect();
            assert_eq!((seen.len(), once.len()), (250, 250), "order by {order}");
            assert_eq!(seen.first(), Some(&first), "order by {order}");
        }
    }

    #[test]
    fn top_and_skip_count_before_pages() {
        let data = data(250);
        let query = query(&[("$top", "5"), ("$skip", "248"), ("$inlinecount", "allpages")]).unwrap();
        let page = query.page(&found(&query, &data));
        assert_eq!(
            (page.places, page.count, page.next),
            (vec![248, 249], Some(250), None)
        );
    }

    #[test]
    fn a_filter_finds_places_in_key_order() {
        let data = data(6);
        let query = query(&[("$filter", "Supplier eq 'B'"), ("$top", "2")]).unwrap();
        assert_eq!(query.page(&found(&query, &data)).places, [1, 3]);
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
            ("$expand", "to_PurchaseOrderItem/to_Nope"),
            ("$search", "x"),
            ("$format", "atom"),
        ] {
            assert!(query(&[pair]).is_err(), "must be refused: {pair:?}");
        }
        assert!(
            query(&[("$top", "1"), ("$top", "2")]).is_err(),
            "twice the same option"
        );
        let by_id = [("$orderby".to_owned(), "ID".to_owned())];
        assert!(
            Query::parse(&by_id, SetId::JournalItem.set()).is_err(),
            "SAP does not sort the journal by its generated key"
        );
    }
}
