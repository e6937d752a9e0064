//! Resource paths of OData V2: `Set`, `Set('key')`, `Set(A='1',B='2')/to_Many`, `$count`, `$metadata`.

use super::answer::SapError;
use super::books::Books;
use super::query::Rows as _;
use super::schema::{EntitySet, Navigation, Row, Service};

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
pub(crate) type Key = Vec<(&'static str, String)>;

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

/// The row with this key.
pub(crate) fn find<'a>(books: &'a Books, set: &EntitySet, key: &Key) -> Result<&'a Row, SapError> {
    books
        .rows(set.id)
        .into_iter()
        .find(|row| key.iter().all(|(name, value)| row.text(name) == value))
        .ok_or_else(|| {
            let shown: Vec<String> = key
                .iter()
                .map(|(name, value)| format!("{name}='{value}'"))
                .collect();
            SapError::not_found(&set.type_name(), &shown.join(","))
        })
}

fn key(predicate: &str, set: &EntitySet) -> Option<Key> {
    let names: Vec<&'static str> = set.keys().map(|property| property.name).collect();
    let mut found: Key = Vec::new();
    let mut rest = predicate.trim();
    loop {
        let name = if rest.starts_with('\'') {
            // Only a single key may go without its name.
            match names.as_slice() {
                [only] if found.is_empty() => *only,
                _ => return None,
            }
        } else {
            let (name, after) = rest.split_once('=')?;
            rest = after.trim_start();
            *names.iter().find(|known| **known == name.trim())?
        };
        let (value, after) = quoted(rest)?;
        if found.iter().any(|(known, _)| *known == name) {
            return None;
        }
        found.push((name, value));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => break,
        }
    }
    (rest.is_empty() && found.len() == names.len()).then_some(found)
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
        assert_eq!(key, [("PurchaseOrder", "4500000123".to_owned())]);
        let two = parsed("A_PurchaseOrderItem(PurchaseOrderItem='00010',PurchaseOrder='4500000123')");
        assert!(matches!(two, Ok(Target::Entity { key, .. }) if key.len() == 2));
        assert!(matches!(
            parsed("A_PurchaseOrder('1')/to_PurchaseOrderItem/$count"),
            Ok(Target::Navigation { is_count: true, .. })
        ));
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
