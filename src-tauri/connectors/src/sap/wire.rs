//! OData V2 on the wire: envelopes, navigations and values that may be anything. The rows themselves are in `rows`.

use std::fmt;
use std::marker::PhantomData;

use andon_domain::Amount;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::edm;

/// Bytes of one text at most; the longest field that is read has 241 characters.
const MAX_TEXT: usize = 4 * 1024;

/// `{"d": ...}`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) d: T,
}

/// A page of a collection: `{"results":[...],"__count":"2","__next":"..."}`, or a bare array as in V1.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    pub(super) count: Option<u64>,
    pub(super) next: Option<String>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for PageVisitor<T> {
            type Value = Page<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a collection with results")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<T>, A::Error> {
                let (mut rows, mut count, mut next) = (None, None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "results" => rows = Some(map.next_value()?),
                        "__count" => count = map.next_value::<Text>()?.0.and_then(|text| text.parse().ok()),
                        // Whole, however long it is: a list whose next page is forgotten would look complete.
                        "__next" => {
                            let raw = map.next_value::<&RawValue>()?.get();
                            next = serde_json::from_str(raw)
                                .ok()
                                .filter(|link: &String| !link.is_empty());
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let rows = rows.ok_or_else(|| serde::de::Error::missing_field("results"))?;
                Ok(Page { rows, count, next })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Page<T>, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    rows.push(row);
                }
                Ok(Page {
                    rows,
                    count: None,
                    next: None,
                })
            }
        }

        deserializer.deserialize_any(PageVisitor(PhantomData))
    }
}

/// An expanded navigation. `None` when the server left it deferred.
#[derive(Debug)]
pub(super) struct Expanded<T>(pub(super) Option<Vec<T>>);

impl<T> Default for Expanded<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Expanded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Results<T> {
            results: Option<Vec<T>>,
        }

        struct ExpandedVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ExpandedVisitor<T> {
            type Value = Expanded<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expanded or deferred navigation")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Expanded(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let inner = Results::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Expanded(inner.results))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    rows.push(row);
                }
                Ok(Expanded(Some(rows)))
            }
        }

        deserializer.deserialize_any(ExpandedVisitor(PhantomData))
    }
}

/// A text that may be null, absent, or a number or flag where a text was expected. Empty is SAP's initial value: absent, and
/// so is one longer than any field of SAP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(matches!(text.len(), 1..=MAX_TEXT).then(|| text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text(None))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Text, E> {
                Ok(Text(Some(flag.to_string())))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

impl Text {
    pub(super) fn is(&self, text: &str) -> bool {
        self.0.as_deref() == Some(text)
    }
}

/// A flag: a Boolean, or `X` and nothing as older fields write it. `None` when not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flag(pub(super) Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagVisitor;

        impl<'de> Visitor<'de> for FlagVisitor {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a flag")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(Some(flag)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Flag, E> {
                Ok(Flag(match text {
                    "true" | "X" | "x" => Some(true),
                    "false" | "" => Some(false),
                    _ => None,
                }))
            }

            fn visit_unit<E>(self) -> Result<Flag, E> {
                Ok(Flag(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Flag, E> {
                Ok(Flag(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Flag, E> {
                Ok(Flag(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Flag, E> {
                Ok(Flag(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flag, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Flag(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Flag, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Flag(None))
            }
        }

        deserializer.deserialize_any(FlagVisitor)
    }
}

impl Flag {
    pub(super) fn is_set(self) -> bool {
        self.0 == Some(true)
    }
}

/// A decimal as it stands in the body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Number {
    /// The exact value.
    pub(super) value: Option<Amount>,
    /// There was something, but no exact value could be made of it.
    pub(super) is_unreadable: bool,
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let value = edm::decimal(raw);
        Ok(Self {
            value,
            is_unreadable: value.is_none() && !matches!(raw, "null" | "\"\""),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{BucketRow, ItemRow, OrderRow};
    use super::*;

    fn page(text: &str) -> Result<Page<BucketRow>, serde_json::Error> {
        serde_json::from_str::<Envelope<Page<BucketRow>>>(text).map(|e| e.d)
    }

    #[test]
    fn both_forms_of_a_collection_are_read() {
        let v2 = page(
            r#"{"d":{"__count":"2","results":[{"Material":"A","x":[1]},{"Material":null}],"__next":"n"}}"#,
        )
        .unwrap();
        assert_eq!(
            (v2.rows.len(), v2.count, v2.next.as_deref()),
            (2, Some(2), Some("n"))
        );
        assert_eq!(page(r#"{"d":[{"Material":"A"}]}"#).unwrap().rows.len(), 1);
    }

    #[test]
    fn a_body_without_results_is_no_empty_list() {
        assert!(page(r#"{"d":{}}"#).is_err());
        assert!(
            page(r#"{"value":[]}"#).is_err(),
            "a V4 answer is a protocol error"
        );
    }

    #[test]
    fn fields_of_odd_types_are_tolerated() {
        let row: ItemRow = serde_json::from_str(
            r#"{"Material":100001,"Plant":"","IsCompletelyDelivered":"X","OrderQuantity":"12.340","NetPriceAmount":null,
                "NetPriceQuantity":"12345678901234567.12345678901234","StorageLocation":{"a":1}}"#,
        )
        .unwrap();
        assert_eq!(row.material.0.as_deref(), Some("100001"));
        assert_eq!((row.plant.0, row.storage_location.0), (None, None));
        assert_eq!(row.is_completely_delivered.0, Some(true));
        assert_eq!(row.order_quantity.value.unwrap().to_string(), "12.340");
        assert!(row.net_price_amount.value.is_none() && !row.net_price_amount.is_unreadable);
        assert!(row.net_price_quantity.value.is_none() && row.net_price_quantity.is_unreadable);
    }

    #[test]
    fn a_navigation_is_expanded_deferred_or_null() {
        let order = |text: &str| {
            serde_json::from_str::<OrderRow>(text)
                .unwrap()
                .items
                .0
                .map(|items| items.len())
        };
        assert_eq!(order(r#"{"to_PurchaseOrderItem":{"results":[{},{}]}}"#), Some(2));
        assert_eq!(order(r#"{"to_PurchaseOrderItem":[{}]}"#), Some(1));
        assert_eq!(
            order(r#"{"to_PurchaseOrderItem":{"__deferred":{"uri":"http://other/"}}}"#),
            None
        );
        assert_eq!(order(r#"{"to_PurchaseOrderItem":null}"#), None);
        assert_eq!(order("{}"), None);
    }
}
