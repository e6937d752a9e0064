//! `$filter` of OData V2: text in, a checked expression out, and its evaluation on a row.
//! The grammar is the part that clients of these services use: comparisons, `and`, `or`, `not`, parentheses,
//! `substringof`, `startswith`, `endswith`. A literal of the wrong type is refused as the gateway refuses it.

mod tokens;

use std::cmp::Ordering;

use tokens::{Kind, Token, tokenize};

use super::edm::Edm;
use super::schema::{EntitySet, Property, Record};

const DEEPEST: usize = 40;

/// A checked filter.
#[derive(Debug)]
pub(crate) enum Filter {
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
    Text {
        test: TextTest,
        haystack: Operand,
        needle: Operand,
    },
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
    NotFilterable { name: &'static str },
}

/// A literal with a prefix, as keys use it too: `datetime'2026-01-01T00:00:00'`.
pub(crate) fn typed_literal(prefix: &str, value: &str) -> Option<Edm> {
    tokens::typed(prefix, value)
}

/// Reads a filter for a set.
pub(crate) fn parse(text: &str, set: &'static EntitySet) -> Result<Filter, FilterError> {
    let tokens = tokenize(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        set,
        end: text.chars().count() + 1,
        depth: 0,
    };
    let filter = parser.either()?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(FilterError::InvalidToken {
            position: token.position,
        }),
    }
}

impl Filter {
    pub(crate) fn matches(&self, row: Record<'_>) -> bool {
        match self {
            Self::Compare {
                left,
                operator,
                right,
            } => compare(&left.value(row), *operator, &right.value(row)),
            Self::Text {
                test,
                haystack,
                needle,
            } => {
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
    fn value(&self, row: Record<'_>) -> Edm {
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
        FilterError::InvalidToken {
            position: self.peek().map_or(self.end, |token| token.position),
        }
    }

    fn word(&self) -> Option<&'a str> {
        match self.peek() {
            Some(Token {
                kind: Kind::Word(word),
                ..
            }) => Some(word),
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
        let filter = if self.take_word("not") {
            Filter::Not(Box::new(self.unary()?))
        } else {
            self.primary()?
        };
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
        let (haystack, needle) = if test == TextTest::Contains {
            (second, first)
        } else {
            (first, second)
        };
        let filter = Filter::Text {
            test,
            haystack,
            needle,
        };
        if let Some(Token {
            kind: Kind::Word(word),
            ..
        }) = self.peek()
            && matches!(word.as_str(), "eq" | "ne")
        {
            let is_equal = word == "eq";
            self.at += 1;
            return match self.peek() {
                Some(Token {
                    kind: Kind::Literal(Edm::Boolean(wanted)),
                    ..
                }) => {
                    self.at += 1;
                    Ok(if *wanted == is_equal {
                        filter
                    } else {
                        Filter::Not(Box::new(filter))
                    })
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
            Operand::Property(property) => property.edm_type.accepts(&Edm::text("")),
            Operand::Literal(literal) => matches!(literal, Edm::String(_)),
        };
        if is_text { Ok(operand) } else { Err(position) }
    }

    fn operand(&mut self) -> Result<Operand, FilterError> {
        let operand = match self.peek() {
            Some(Token {
                kind: Kind::Literal(literal),
                ..
            }) => Operand::Literal(literal.clone()),
            Some(Token {
                kind: Kind::Word(word),
                ..
            }) => Operand::Property(self.property(word)?),
            _ => return Err(self.invalid()),
        };
        self.at += 1;
        Ok(operand)
    }

    fn property(&self, name: &str) -> Result<&'static Property, FilterError> {
        let property = self
            .set
            .property(name)
            .ok_or_else(|| FilterError::UnknownProperty {
                name: name.to_owned(),
                entity_type: self.set.type_name(),
            })?;
        if !property.is_filterable {
            return Err(FilterError::NotFilterable { name: property.name });
        }
        Ok(property)
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
            (true, _) => Ok(Filter::Compare {
                left,
                operator,
                right,
            }),
            (false, Operand::Literal(_)) => Err(position),
            (false, Operand::Property(_)) => Err(start),
        }
    }
}

#[cfg(test)]
mod tests;
