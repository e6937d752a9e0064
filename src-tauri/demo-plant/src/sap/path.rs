//! Resource paths of OData V2: `Set`, `Set('key')`, `Set(A='1',B='2')/to_Many`, `$count`, `$metadata`.

use super::answer::SapError;
use super::books::Books;
use super::edm::Edm;
use super::filter::typed_literal;
use super::schema::{EntitySet, Navigation, Property, Record, Service};

/// What a path addresses.
#[derive(Debug)]
pub(crate) enum Target {
    Root,
    Metadata,
    Set {
        set: &'static EntitySet,
    },
    SetCount {
        set: &'static EntitySet,
    },
    Entity {
        set: &'static EntitySet,
        key: Key,
    },
    Navigation {
        set: &'static EntitySet,
        key: Key,
        navigation: &'static Navigation,
        is_count: bool,
    },
}

/// A key predicate: the values by property name.
pub(crate) type Key = Vec<(&'static Property, Edm)>;

/// Reads the path below a service root.
pub(crate) fn parse(service: &'static Service, rest: &str) -> Result<Target, SapError> {
    let segments: Vec<String> = rest
        .trim_end_matches('/')
        .split('/')
        .map(|raw| percent_decode(raw).ok_or_else(|| SapError::unknown_segment(raw)))
        .collect::<Result<_, _>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [""] => Ok(Target::Root),
        ["$metadata"] => Ok(Target::Metadata),
        [first, more @ ..] => match first.split_once('(') {
            None => {
                let set = service
                    .set_named(first)
                    .ok_or_else(|| SapError::unknown_segment(first))?;
                match more {
                    [] => Ok(Target::Set { set }),
                    ["$count"] => Ok(Target::SetCount { set }),
                    [unknown, ..] => Err(SapError::unknown_segment(unknown)),
                }
            }
            Some((name, predicate)) => {
                let set = service
                    .set_named(name)
                    .ok_or_else(|| SapError::unknown_segment(name))?;
                let malformed = || {
                    let text = format!(
                        "Invalid key predicate type for key of entity type '{}'",
                        set.type_name()
                    );
                    SapError::bad_request("005056A509B11EE1B9A8FEC11C21D78E", text)
                };
                let predicate = predicate.strip_suffix(')').ok_or_else(malformed)?;
                let key = key(predicate, set).ok_or_else(malformed)?;
                let navigation = |name: &str| {
                    set.navigation(name)
                        .ok_or_else(|| SapError::unknown_segment(name))
                };
                match more {
                    [] => Ok(Target::Entity { set, key }),
                    [name] => Ok(Target::Navigation {
                        set,
                        key,
                        navigation: navigation(name)?,
                        is_count: false,
                    }),
                    [name, "$count"] => Ok(Target::Navigation {
                        set,
                        key,
                        navigation: navigation(name)?,
                        is_count: true,
                    }),
                    [_, unknown, ..] => Err(SapError::unknown_segment(unknown)),
                }
            }
        },
        [] => Ok(Target::Root),
    }
}

/// The entity with this key.
pub(crate) fn find<'a>(books: &'a Books, set: &EntitySet, key: &Key) -> Result<Record<'a>, SapError> {
    books.find(set.id, key).ok_or_else(|| {
        let shown: Vec<String> = key
            .iter()
            .map(|(property, value)| format!("{}={}", property.name, value.to_key_literal()))
            .collect();
        SapError::not_found(&set.type_name(), &shown.join(","))
    })
}

fn key(predicate: &str, set: &EntitySet) -> Option<Key> {
    let keys: Vec<&'static Property> = set.keys().collect();
    let mut found: Key = Vec::new();
    let mut rest = predicate.trim();
    loop {
        let property = if rest.starts_with('\'') {
            // Only a single key may go without its name.
            match keys.as_slice() {
                [only] if found.is_empty() => *only,
                _ => return None,
            }
        } else {
            let (name, after) = rest.split_once('=')?;
            rest = after.trim_start();
            *keys.iter().find(|known| known.name == name.trim())?
        };
        let (value, after) = literal(rest)?;
        let is_new = !found.iter().any(|(known, _)| known.name == property.name);
        if !is_new || !property.edm_type.accepts(&value) {
            return None;
        }
        found.push((property, value));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => break,
        }
    }
    (rest.is_empty() && found.len() == keys.len()).then_some(found)
}

/// A quoted text, or a literal with a prefix such as `datetime`, and what follows it.
fn literal(text: &str) -> Option<(Edm, &str)> {
    let (prefix, _) = text.split_once('\'')?;
    let (value, rest) = quoted(text.get(prefix.len()..)?)?;
    let value = match prefix {
        "" => Edm::text(value),
        prefix => typed_literal(prefix, &value)?,
    };
    Some((value, rest))
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let end = rest.find('\'')?;
        value.push_str(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
        match rest.strip_prefix('\'') {
            Some(next) => {
                value.push('\'');
                rest = next;
            }
            None => return Some((value, rest)),
        }
    }
}

fn percent_decode(raw: &str) -> Option<String> {
    let mut bytes = raw.bytes();
    let mut decoded = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(rest: &str) -> Result<Target, SapError> {
        parse(Service::named("API_PURCHASEORDER_PROCESS_SRV").unwrap(), rest)
    }

    #[test]
    fn paths_address_sets_entities_and_navigations() {
        assert!(matches!(parsed(""), Ok(Target::Root)));
        assert!(matches!(parsed("$metadata"), Ok(Target::Metadata)));
        assert!(matches!(parsed("A_PurchaseOrder"), Ok(Target::Set { .. })));
        assert!(matches!(
            parsed("A_PurchaseOrder/$count"),
            Ok(Target::SetCount { .. })
        ));
        let Ok(Target::Entity { key, .. }) = parsed("A_PurchaseOrder(%274500000123%27)") else {
            panic!("an encoded key");
        };
        assert_eq!(
            key.first().map(|(_, value)| value.clone()),
            Some(Edm::text("4500000123"))
        );
        let two = parsed("A_PurchaseOrderItem(PurchaseOrderItem='00010',PurchaseOrder='4500000123')");
        assert!(matches!(two, Ok(Target::Entity { key, .. }) if key.len() == 2));
        assert!(matches!(
            parsed("A_PurchaseOrder('1')/to_PurchaseOrderItem/$count"),
            Ok(Target::Navigation { is_count: true, .. })
        ));
    }

    #[test]
    fn a_date_in_a_key_needs_its_prefix() {
        let costs = Service::named("API_COSTCENTER_SRV").unwrap();
        let slice = |date: &str| {
            let key = format!("ControllingArea='1000',CostCenter='0000010100',ValidityEndDate={date}");
            parse(costs, &format!("A_CostCenter({key})"))
        };
        let Ok(Target::Entity { key, .. }) = slice("datetime'9999-12-31T00%3A00%3A00'") else {
            panic!("a typed key");
        };
        assert_eq!(
            key.last().map(|(_, value)| value.clone()),
            Some(Edm::DateTime(253_402_214_400_000))
        );
        assert!(slice("'9999-12-31'").is_err(), "a text is no date");
    }

    #[test]
    fn wrong_paths_are_refused() {
        for rest in [
            "A_Nope",
            "A_PurchaseOrder/Nope",
            "A_PurchaseOrder('1",
            "A_PurchaseOrder(1)",
            "A_PurchaseOrder()",
            "A_PurchaseOrderItem('1')",
            "A_PurchaseOrderItem(PurchaseOrder='1')",
            "A_PurchaseOrderItem(PurchaseOrder='1',PurchaseOrder='1')",
            "A_PurchaseOrder('1')/to_Nope",
            "A_PurchaseOrder('1')/to_PurchaseOrderItem/x",
            "A_PurchaseOrder(%2)",
            "$batch",
        ] {
            assert!(parsed(rest).is_err(), "must be refused: {rest}");
        }
    }
}
