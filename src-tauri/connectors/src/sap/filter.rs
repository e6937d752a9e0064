//! Literals, filters and the encoding of addresses. A filter is only ever built from standard names and escaped literals; no
//! text of a caller is pasted into it.

use andon_domain::Timestamp;

/// Conditions joined by "and".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<Condition>);

/// Terms joined by "or"; mostly one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    property: &'static str,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// The operator and the literal.
    Compare(&'static str, String),
    /// The literal of a part of the text.
    Contains(String),
}

impl Filter {
    fn all_of(mut self, terms: Vec<Term>) -> Self {
        if !terms.is_empty() {
            self.0.push(Condition(terms));
        }
        self
    }

    /// The property has this text.
    pub(super) fn equals(self, property: &'static str, text: &str) -> Self {
        self.all_of(vec![Term::equals(property, text)])
    }

    /// The property has this text when there is one.
    pub(super) fn equals_if(self, property: &'static str, text: Option<&String>) -> Self {
        match text {
            Some(text) => self.equals(property, text),
            None => self,
        }
    }

    /// The property has one of these texts; every row when there are none.
    pub(super) fn one_of<T: AsRef<str>>(self, property: &'static str, texts: &[T]) -> Self {
        self.all_of(
            texts
                .iter()
                .map(|text| Term::equals(property, text.as_ref()))
                .collect(),
        )
    }

    /// The property is the key in any of the spellings SAP may keep it in.
    pub(super) fn key_if(self, property: &'static str, text: Option<&String>, lengths: &[usize]) -> Self {
        match text {
            Some(text) => self.one_of(property, &spellings(text, lengths)),
            None => self,
        }
    }

    /// The flag is set.
    pub(super) fn flag(self, property: &'static str) -> Self {
        self.all_of(vec![Term::is_true(property)])
    }

    /// The flag is set, or the other property has this text.
    pub(super) fn flag_or_equals(self, flag: &'static str, property: &'static str, text: &str) -> Self {
        self.all_of(vec![Term::is_true(flag), Term::equals(property, text)])
    }

    /// The text has one of these parts.
    pub(super) fn contains_any(self, property: &'static str, parts: &[String]) -> Self {
        let term = |part: &String| Term {
            property,
            test: Test::Contains(string_literal(part)),
        };
        self.all_of(parts.iter().map(term).collect())
    }

    /// The date is on or after (`ge`) or on or before (`le`) this one.
    pub(super) fn date_if(
        self,
        property: &'static str,
        operator: &'static str,
        date: Option<&String>,
    ) -> Self {
        match date.and_then(|date| date_literal(date)) {
            Some(literal) => self.compare(property, operator, literal),
            None => self,
        }
    }

    /// The instant is at or after this one, whole seconds.
    pub(super) fn since(self, property: &'static str, instant: Timestamp) -> Self {
        match instant_literal(instant) {
            Some(literal) => self.compare(property, "ge", literal),
            None => self,
        }
    }

    fn compare(self, property: &'static str, operator: &'static str, literal: String) -> Self {
        let test = Test::Compare(operator, literal);
        self.all_of(vec![Term { property, test }])
    }

    /// The text of `$filter` in the system's names; empty without conditions.
    ///
    /// # Errors
    /// The property that the system does not have: to leave its condition out would show rows nobody asked for.
    pub(super) fn text<'n>(
        &self,
        name: impl Fn(&'static str) -> Option<&'n str>,
    ) -> Result<String, &'static str> {
        let mut conditions = Vec::with_capacity(self.0.len());
        for Condition(terms) in &self.0 {
            let terms: Vec<String> = terms
                .iter()
                .map(|term| term.text(name(term.property).ok_or(term.property)?))
                .collect::<Result<_, &'static str>>()?;
            conditions.push(match terms.as_slice() {
                [only] => only.clone(),
                several => format!("({})", several.join(" or ")),
            });
        }
        Ok(conditions.join(" and "))
    }
}

impl Term {
    fn equals(property: &'static str, text: &str) -> Self {
        let test = Test::Compare("eq", string_literal(text));
        Self { property, test }
    }

    fn is_true(property: &'static str) -> Self {
        let test = Test::Compare("eq", "true".to_owned());
        Self { property, test }
    }

    fn text(&self, name: &str) -> Result<String, &'static str> {
        Ok(match &self.test {
            Test::Compare(operator, literal) => format!("{name} {operator} {literal}"),
            Test::Contains(literal) => format!("substringof({literal},{name})"),
        })
    }
}

/// A string literal: quotes doubled. The address encodes the rest.
pub(super) fn string_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An `Edm.DateTime` literal for a date of the form `YYYY-MM-DD`; `None` when it is no date.
pub(super) fn date_literal(text: &str) -> Option<String> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(format!("datetime'{date}T00:00:00'"))
}

/// An `Edm.DateTimeOffset` literal, rounded down to a second; `None` for an instant that cannot be shown. The other literal
/// here is "Invalid token detected" (KBA 2310920).
fn instant_literal(instant: Timestamp) -> Option<String> {
    let second = jiff::Timestamp::from_second(instant.millis().div_euclid(1_000)).ok()?;
    Some(format!("datetimeoffset'{second}'"))
}

/// The ways a key may be kept: as given, without leading zeros, padded to each length. Only all-digit keys are padded.
pub(super) fn spellings(text: &str, lengths: &[usize]) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let bare = bare(text);
        let padded = lengths
            .iter()
            .filter(|length| **length >= bare.len())
            .map(|length| format!("{bare:0>length$}"));
        for spelling in std::iter::once(bare.to_owned()).chain(padded) {
            if !all.contains(&spelling) {
                all.push(spelling);
            }
        }
    }
    all
}

/// An all-digit key without its leading zeros; any other key as it is.
pub(super) fn bare(text: &str) -> &str {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return text;
    }
    match text.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

/// Whether two keys are the same but for leading zeros.
pub(super) fn is_same_key(one: &str, other: &str) -> bool {
    bare(one) == bare(other)
}

/// Percent-encodes a query value: everything but unreserved characters and the few that OData uses and no proxy touches.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'('
            | b')'
            | b','
            | b'$'
            | b':' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(filter: &Filter) -> String {
        filter.text(Some).unwrap()
    }

    #[test]
    fn a_quote_cannot_end_a_literal_early() {
        let filter = Filter::default().equals("Supplier", "x' or '1' eq '1");
        assert_eq!(text(&filter), "Supplier eq 'x'' or ''1'' eq ''1'");
        let part = Filter::default().contains_any("ProductDescription", &["') or true or ('".to_owned()]);
        assert_eq!(
            text(&part),
            "substringof(''') or true or (''',ProductDescription)"
        );
        assert_eq!(encode("O''Neill & +#%/"), "O%27%27Neill%20%26%20%2B%23%25%2F");
    }

    #[test]
    fn a_filter_speaks_the_names_of_the_system_and_refuses_what_it_lacks() {
        let filter = Filter::default().equals("Supplier", "1").flag_or_equals(
            "ReleaseIsNotCompleted",
            "PurchasingProcessingStatus",
            "03",
        );
        let own = |name: &'static str| Some(if name == "Supplier" { "ZZVENDOR" } else { name });
        assert_eq!(
            filter.text(own).unwrap(),
            "ZZVENDOR eq '1' and (ReleaseIsNotCompleted eq true or PurchasingProcessingStatus eq '03')"
        );
        let lacking = |name: &'static str| (name != "Supplier").then_some(name);
        assert_eq!(filter.text(lacking), Err("Supplier"));
    }

    #[test]
    fn digit_keys_are_looked_for_in_every_spelling() {
        assert_eq!(spellings("100482", &[10]), ["100482", "0000100482"]);
        assert_eq!(spellings("0000100482", &[10]), ["0000100482", "100482"]);
        assert_eq!(spellings("HX-220", &[18, 40]), ["HX-220"]);
        assert!(
            is_same_key("0000100482", "100482")
                && !is_same_key("HX-220", "hx-220")
                && is_same_key("000", "0")
        );
    }

    #[test]
    fn an_instant_is_a_literal_of_its_own_kind() {
        let instant = Timestamp::parse("2026-06-22T08:00:00.999+02:00").unwrap();
        let filter = Filter::default().since("LastChangeDateTime", instant);
        assert_eq!(
            text(&filter),
            "LastChangeDateTime ge datetimeoffset'2026-06-22T06:00:00Z'"
        );
    }

    /// Reads a string literal back the way a server does.
    fn read_literal(text: &str) -> Option<(String, &str)> {
        let mut rest = text.strip_prefix('\'')?;
        let mut value = String::new();
        loop {
            let at = rest.find('\'')?;
            value.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.strip_prefix('\'') {
                Some(more) => {
                    value.push('\'');
                    rest = more;
                }
                None => return Some((value, rest)),
            }
        }
    }

    proptest! {
        #[test]
        fn every_text_survives_its_literal_and_its_encoding(text in "(.|['+&#%/\\\\\u{0}\u{202e}]){0,60}") {
            let literal = string_literal(&text);
            prop_assert_eq!(read_literal(&literal), Some((text.clone(), "")));
            let url = url::Url::parse(&format!("http://h/?$filter={}&x=1", encode(&literal))).unwrap();
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(&pairs[0].1, &literal, "the server decodes what we meant");
            prop_assert_eq!(pairs.len(), 2, "no literal can add a parameter");
        }

        #[test]
        fn a_filter_has_as_many_conditions_as_were_put_in(a in "(.|'){0,20}", b in "[0-9]{1,10}", c in "(.|[')]){0,20}") {
            let filter = Filter::default().equals("A", &a).key_if("B", Some(&b), &[10]).contains_any("C", std::slice::from_ref(&c));
            let whole = text(&filter);
            let (read, rest) = read_literal(whole.strip_prefix("A eq ").unwrap()).unwrap();
            prop_assert_eq!(read, a);
            prop_assert!(rest.starts_with(" and B eq ") || rest.starts_with(" and (B eq "), "{}", rest);
            // Nothing but digits in between, so the part begins where the name of its function does.
            let (_, part) = rest.split_once(" and substringof(").unwrap();
            prop_assert_eq!(read_literal(part), Some((c, ",C)")));
        }

        #[test]
        fn every_day_of_sap_has_its_literal(days in -719_162_i64..=2_932_896) {
            let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap().to_string();
            let expected = format!("datetime'{date}T00:00:00'");
            prop_assert_eq!(date_literal(&date), Some(expected));
        }

        #[test]
        fn an_instant_is_asked_for_at_most_a_second_early(millis in -62_135_596_800_000_i64..=253_402_207_200_000) {
            let literal = instant_literal(Timestamp::from_millis(millis)).unwrap();
            let inner = literal.strip_prefix("datetimeoffset'").unwrap().strip_suffix('\'').unwrap();
            let read = Timestamp::parse(inner).unwrap();
            prop_assert!((0..1_000).contains(&(millis - read.millis())), "{}", literal);
        }
    }
}
