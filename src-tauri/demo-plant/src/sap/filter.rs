//! `$filter` of OData V2: text in, a checked expression out, and its evaluation on a row.
//! The grammar is the part that clients of these services use: comparisons, `and`, `or`, `not`, parentheses,
//! `substringof`, `startswith`, `endswith`. A literal of the wrong type is refused as the gateway refuses it.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::edm::Edm;
use super::schema::{EntitySet, Property, Row};

const DEEPEST: usize = 40;

/// A checked filter.
#[derive(Debug)]
pub(crate) enum Filter {
    Compare { left: Operand, operator: Operator, right: Operand },
    Text { test: TextTest, haystack: Operand, needle: Operand },
    Flag(&'static Property),
    Constant(bool),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

/// A property of the row or a literal.
#[derive(Debug)]
pub(crate) enum Operand {
    Property(&'static Property),
    Literal(Edm),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// Why a filter was refused; positions count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilterError {
    InvalidToken { position: usize },
    UnknownProperty { name: String, entity_type: String },
}

/// Reads a filter for a set.
pub(crate) fn parse(text: &str, set: &'static EntitySet) -> Result<Filter, FilterError> {
    let tokens = tokenize(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, set, end: text.chars().count() + 1, depth: 0 };
    let filter = parser.either()?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(FilterError::InvalidToken { position: token.position }),
    }
}

impl Filter {
    pub(crate) fn matches(&self, row: &Row) -> bool {
        match self {
            Self::Compare { left, operator, right } => compare(&left.value(row), *operator, &right.value(row)),
            Self::Text { test, haystack, needle } => {
                let (haystack, needle) = (haystack.value(row), needle.value(row));
                match test {
                    TextTest::Contains => haystack.as_text().contains(needle.as_text()),
                    TextTest::StartsWith => haystack.as_text().starts_with(needle.as_text()),
                    TextTest::EndsWith => haystack.as_text().ends_with(needle.as_text()),
                }
            }
            Self::Flag(property) => row.get(property) == Edm::Boolean(true),
            Self::Constant(value) => *value,
            Self::Not(inner) => !inner.matches(row),
            Self::And(a, b) => a.matches(row) && b.matches(row),
            Self::Or(a, b) => a.matches(row) || b.matches(row),
        }
    }
}

impl Operand {
    fn value(&self, row: &Row) -> Edm {
        match self {
            Self::Property(property) => row.get(property),
            Self::Literal(literal) => literal.clone(),
        }
    }
}

fn compare(left: &Edm, operator: Operator, right: &Edm) -> bool {
    let order = left.compare(right);
    match operator {
        Operator::Eq => order == Some(Ordering::Equal),
        Operator::Ne => order != Some(Ordering::Equal),
        Operator::Gt => order == Some(Ordering::Greater),
        Operator::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Lt => order == Some(Ordering::Less),
        Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

#[derive(Debug)]
struct Token {
    position: usize,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Open,
    Close,
    Comma,
    Word(String),
    Literal(Edm),
}

fn tokenize(text: &str) -> Result<Vec<Token>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let start = at;
        let invalid = FilterError::InvalidToken { position: start + 1 };
        let kind = match c {
            ' ' | '\t' => {
                at += 1;
                continue;
            }
            '(' | ')' | ',' => {
                at += 1;
                match c {
                    '(' => Kind::Open,
                    ')' => Kind::Close,
                    _ => Kind::Comma,
                }
            }
            '\'' => {
                let (value, next) = quoted(&chars, at).ok_or(invalid)?;
                at = next;
                Kind::Literal(Edm::String(value))
            }
            c if c.is_ascii_digit() || c == '-' => {
                at += 1;
                while chars.get(at).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '.') {
                    at += 1;
                }
                Kind::Literal(number(&chars[start..at]).ok_or(invalid)?)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                while chars.get(at).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/')) {
                    at += 1;
                }
                let word: String = chars[start..at].iter().collect();
                if chars.get(at) == Some(&'\'') {
                    let (value, next) = quoted(&chars, at).ok_or(invalid.clone())?;
                    at = next;
                    Kind::Literal(typed(&word, &value).ok_or(invalid)?)
                } else {
                    match word.as_str() {
                        "true" => Kind::Literal(Edm::Boolean(true)),
                        "false" => Kind::Literal(Edm::Boolean(false)),
                        "null" => Kind::Literal(Edm::Null),
                        _ => Kind::Word(word),
                    }
                }
            }
            _ => return Err(invalid),
        };
        tokens.push(Token { position: start + 1, kind });
    }
    Ok(tokens)
}

/// A quoted value from `at` (a quote) with doubled quotes undone, and the place after it.
fn quoted(chars: &[char], at: usize) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut at = at + 1;
    loop {
        match chars.get(at)? {
            '\'' if chars.get(at + 1) == Some(&'\'') => {
                value.push('\'');
                at += 2;
            }
            '\'' => return Some((value, at + 1)),
            c => {
                value.push(*c);
                at += 1;
            }
        }
    }
}

fn number(chars: &[char]) -> Option<Edm> {
    let text: String = chars.iter().collect();
    let digits = text.trim_end_matches(['M', 'm', 'L', 'l', 'd', 'D', 'f', 'F']);
    if text.len() - digits.len() > 1 {
        return None;
    }
    Decimal::from_str_exact(digits).ok().map(Edm::Decimal)
}

fn typed(prefix: &str, value: &str) -> Option<Edm> {
    match prefix {
        "datetime" => {
            let civil: jiff::civil::DateTime = value.parse().ok()?;
            let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            (!value.ends_with('Z')).then(|| Edm::DateTime(zoned.timestamp().as_millisecond()))
        }
        "datetimeoffset" => {
            let instant: jiff::Timestamp = value.parse().ok()?;
            Some(Edm::DateTimeOffset(instant.as_millisecond()))
        }
        "time" => value.starts_with("PT").then(|| Edm::Time(value.to_owned())),
        "guid" => uuid::Uuid::parse_str(value).ok().map(|guid| Edm::String(guid.to_string())),
        _ => None,
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    set: &'static EntitySet,
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn invalid(&self) -> FilterError {
        FilterError::InvalidToken { position: self.peek().map_or(self.end, |token| token.position) }
    }

    fn word(&self) -> Option<&'a str> {
        match self.peek() {
            Some(Token { kind: Kind::Word(word), .. }) => Some(word),
            _ => None,
        }
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.word() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &Kind) -> Result<(), FilterError> {
        match self.peek() {
            Some(token) if token.kind == *wanted => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.invalid()),
        }
    }

    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.both()?;
        while self.take_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.unary()?;
        while self.take_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Filter, FilterError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.invalid());
        }
        let filter = if self.take_word("not") { Filter::Not(Box::new(self.unary()?)) } else { self.primary()? };
        self.depth -= 1;
        Ok(filter)
    }

    fn primary(&mut self) -> Result<Filter, FilterError> {
        if matches!(self.peek(), Some(Token { kind: Kind::Open, .. })) {
            self.at += 1;
            let inner = self.either()?;
            self.expect(&Kind::Close)?;
            return Ok(inner);
        }
        let test = match self.word() {
            Some("substringof") => Some(TextTest::Contains),
            Some("startswith") => Some(TextTest::StartsWith),
            Some("endswith") => Some(TextTest::EndsWith),
            _ => None,
        };
        match test {
            Some(test) => self.text_test(test),
            None => self.comparison(),
        }
    }

    fn text_test(&mut self, test: TextTest) -> Result<Filter, FilterError> {
        self.at += 1;
        self.expect(&Kind::Open)?;
        let first = self.text_operand()?;
        self.expect(&Kind::Comma)?;
        let second = self.text_operand()?;
        self.expect(&Kind::Close)?;
        // substringof names the needle first, the other two name it last.
        let (haystack, needle) =
            if test == TextTest::Contains { (second, first) } else { (first, second) };
        let filter = Filter::Text { test, haystack, needle };
        if let Some(Token { kind: Kind::Word(word), .. }) = self.peek()
            && matches!(word.as_str(), "eq" | "ne")
        {
            let is_equal = word == "eq";
            self.at += 1;
            return match self.peek() {
                Some(Token { kind: Kind::Literal(Edm::Boolean(wanted)), .. }) => {
                    self.at += 1;
                    Ok(if *wanted == is_equal { filter } else { Filter::Not(Box::new(filter)) })
                }
                _ => Err(self.invalid()),
            };
        }
        Ok(filter)
    }

    fn text_operand(&mut self) -> Result<Operand, FilterError> {
        let position = self.invalid();
        let operand = self.operand()?;
        let is_text = match &operand {
            Operand::Property(property) => property.edm_type.accepts(&Edm::String(String::new())),
            Operand::Literal(literal) => matches!(literal, Edm::String(_)),
        };
        if is_text { Ok(operand) } else { Err(position) }
    }

    fn operand(&mut self) -> Result<Operand, FilterError> {
        let operand = match self.peek() {
            Some(Token { kind: Kind::Literal(literal), .. }) => Operand::Literal(literal.clone()),
            Some(Token { kind: Kind::Word(word), .. }) => {
                Operand::Property(self.set.property(word).ok_or_else(|| FilterError::UnknownProperty {
                    name: word.clone(),
                    entity_type: self.set.type_name(),
                })?)
            }
            _ => return Err(self.invalid()),
        };
        self.at += 1;
        Ok(operand)
    }

    fn comparison(&mut self) -> Result<Filter, FilterError> {
        let start = self.invalid();
        let left = self.operand()?;
        let operator = match self.word() {
            Some("eq") => Operator::Eq,
            Some("ne") => Operator::Ne,
            Some("gt") => Operator::Gt,
            Some("ge") => Operator::Ge,
            Some("lt") => Operator::Lt,
            Some("le") => Operator::Le,
            _ => {
                return match left {
                    Operand::Property(property) if property.edm_type.accepts(&Edm::Boolean(true)) => {
                        Ok(Filter::Flag(property))
                    }
                    Operand::Literal(Edm::Boolean(value)) => Ok(Filter::Constant(value)),
                    _ => Err(self.invalid()),
                };
            }
        };
        self.at += 1;
        let position = self.invalid();
        let right = self.operand()?;
        let fits = match (&left, &right) {
            (Operand::Property(property), Operand::Literal(literal))
            | (Operand::Literal(literal), Operand::Property(property)) => property.edm_type.accepts(literal),
            (Operand::Property(a), Operand::Property(b)) => {
                std::mem::discriminant(&a.edm_type) == std::mem::discriminant(&b.edm_type)
            }
            (Operand::Literal(a), Operand::Literal(b)) => a.compare(b).is_some(),
        };
        match (fits, &right) {
            (true, _) => Ok(Filter::Compare { left, operator, right }),
            (false, Operand::Literal(_)) => Err(position),
            (false, Operand::Property(_)) => Err(start),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sap::schema::SetId;

    fn order() -> Row {
        Row::default()
            .with("PurchaseOrder", Edm::text("4500000123"))
            .with("Supplier", Edm::text("0000100482"))
            .with("PurchaseOrderDate", Edm::DateTime(1_767_225_600_000))
            .with("LastChangeDateTime", Edm::DateTimeOffset(1_767_225_600_000))
            .with("NetPaymentDays", Edm::Decimal(Decimal::from(30)))
            .with("CorrespncExternalReference", Edm::text("O'Neill's"))
            .with("ReleaseIsNotCompleted", Edm::Boolean(true))
    }

    fn matches(text: &str) -> bool {
        parse(text, SetId::PurchaseOrder.set()).unwrap_or_else(|error| panic!("{text}: {error:?}")).matches(&order())
    }

    fn refused(text: &str) -> FilterError {
        parse(text, SetId::PurchaseOrder.set()).expect_err("this filter must be refused")
    }

    #[test]
    fn comparisons_and_logic_hold() {
        for text in [
            "Supplier eq '0000100482'",
            "Supplier eq '0000100482' and NetPaymentDays ge 30",
            "NetPaymentDays eq 30.00M or Supplier eq 'x'",
            "not (Supplier eq 'x') and (NetPaymentDays lt 31 or NetPaymentDays gt 100L)",
            "PurchaseOrderDate ge datetime'2026-01-01T00:00:00'",
            "LastChangeDateTime lt datetimeoffset'2026-01-01T01:00:00+00:30'",
            "CorrespncExternalReference eq 'O''Neill''s'",
            "substringof('Neill',CorrespncExternalReference)",
            "startswith(PurchaseOrder,'45') eq true",
            "endswith(PurchaseOrder,'999') eq false",
            "ReleaseIsNotCompleted",
            "ReleaseIsNotCompleted eq true and PurchasingCompletenessStatus eq false",
            "'0000100482' eq Supplier",
            "ValidityEndDate eq null",
        ] {
            assert!(matches(text), "should match: {text}");
        }
        for text in ["Supplier ne '0000100482'", "NetPaymentDays gt 30", "substringof('x',Supplier)", "false"] {
            assert!(!matches(text), "should not match: {text}");
        }
    }

    #[test]
    fn and_binds_stronger_than_or() {
        assert!(matches("Supplier eq '0000100482' or Supplier eq 'x' and Supplier eq 'y'"));
        assert!(!matches("(Supplier eq '0000100482' or Supplier eq 'x') and Supplier eq 'y'"));
    }

    #[test]
    fn a_literal_of_the_wrong_type_is_an_invalid_token() {
        assert_eq!(refused("Supplier eq 100482"), FilterError::InvalidToken { position: 13 });
        for text in [
            "PurchaseOrderDate ge '2026-01-01'",
            "PurchaseOrderDate ge datetimeoffset'2026-01-01T00:00:00Z'",
            "LastChangeDateTime ge datetime'2026-01-01T00:00:00'",
            "NetPaymentDays eq '30'",
            "Supplier eq",
            "Supplier",
            "Supplier eq 'a' and",
            "(Supplier eq 'a'",
            "Supplier eq 'a",
            "contains(Supplier,'a')",
            "Supplier like 'a'",
            "substringof(NetPaymentDays,'3')",
            "",
        ] {
            assert!(
                parse(text, SetId::PurchaseOrder.set()).is_err(),
                "must be refused: {text}"
            );
        }
        let unknown = refused("SupplierName eq 'a'");
        assert!(matches!(unknown, FilterError::UnknownProperty { .. }), "not named: {unknown:?}");
    }

    #[test]
    fn deep_nesting_is_refused_without_a_crash() {
        let text = format!("{}ReleaseIsNotCompleted{}", "(".repeat(50_000), ")".repeat(50_000));
        assert!(parse(&text, SetId::PurchaseOrder.set()).is_err(), "too deep");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            _ = parse(&text, SetId::PurchaseOrder.set());
        }

        #[test]
        fn any_row_of_words_is_read_or_refused(words in proptest::collection::vec(
            prop_oneof![
                Just("Supplier"), Just("eq"), Just("and"), Just("or"), Just("not"), Just("("), Just(")"),
                Just("'a''b'"), Just("datetime'2026-01-01T00:00:00'"), Just("12.5M"), Just("substringof"),
                Just(","), Just("true"), Just("null"), Just("-"), Just("'")
            ], 0..24)) {
            if let Ok(filter) = parse(&words.join(" "), SetId::PurchaseOrder.set()) {
                _ = filter.matches(&order());
            }
        }

        #[test]
        fn a_doubled_quote_reads_back_as_one(value in "[ -~äöü€']{0,12}") {
            let row = Row::default().with("CorrespncExternalReference", Edm::text(value.clone()));
            let text = format!("CorrespncExternalReference eq '{}'", value.replace('\'', "''"));
            let filter = parse(&text, SetId::PurchaseOrder.set());
            prop_assert!(filter.is_ok_and(|filter| filter.matches(&row)));
        }
    }
}
