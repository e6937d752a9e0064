//! Reads settings from their two sources and collects mistakes instead of stopping at the first.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use andon_connectors::transport::ConfigProblem;
use andon_domain::{Amount, Secret};
use toml::de::{DeTable, DeValue};
use url::Url;

use super::keys::{self, KEYS};

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of the file.
    File(PathBuf, usize),
    /// A variable of the environment.
    Environment(&'static str),
    /// Nowhere: a default, or a file that could not be read.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Line 0 stands for the file as a whole.
            Self::File(path, 0) => write!(f, "{}", path.display()),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Nowhere => f.write_str("configuration"),
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// Setting, `section.name`.
    pub key: String,
    /// Value as found; never a secret.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

/// All mistakes of a configuration. The console does not start with any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration has mistakes: {}", self.0.len())?;
        for Mistake {
            place,
            key,
            value,
            problem,
            remedy,
        } in &self.0
        {
            let value = andon_domain::text::visible(value, 120);
            writeln!(f, "  {place}: {key} = {value:?} {problem}. {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// The one section whose names are not ours.
const SERVICES: &str = "sap.services";

struct Found {
    text: String,
    place: Place,
}

/// The settings as found, and the mistakes so far.
pub(super) struct Reader<'e> {
    found: BTreeMap<&'static str, Found>,
    /// What is under `sap.services`, by its whole name.
    services: BTreeMap<String, Found>,
    /// Lines of the settings that are tables, by their names.
    tables: BTreeMap<&'static str, BTreeMap<String, Found>>,
    secrets: BTreeMap<&'static str, Secret>,
    mistakes: Vec<Mistake>,
    environment: &'e dyn Fn(&str) -> Option<String>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(file: Option<&Path>, environment: &'e dyn Fn(&str) -> Option<String>) -> Self {
        let mut reader = Self {
            found: BTreeMap::new(),
            services: BTreeMap::new(),
            tables: BTreeMap::new(),
            secrets: BTreeMap::new(),
            mistakes: Vec::new(),
            environment,
        };
        if let Some(file) = file {
            match std::fs::read_to_string(file) {
                Ok(text) => reader.read_file(file, &text),
                Err(error) => reader.push(
                    Place::File(file.to_owned(), 0),
                    "file",
                    &file.display().to_string(),
                    &format!("cannot be read: {error}"),
                    "Check the path and its permissions.",
                ),
            }
        }
        reader.read_environment();
        reader
    }

    fn read_environment(&mut self) {
        for key in &KEYS {
            let Some(variable) = key.variable else { continue };
            let Some(text) = (self.environment)(variable).filter(|text| !text.is_empty()) else {
                continue;
            };
            if key.is_secret {
                self.secrets.insert(key.name, Secret::new(text));
            } else {
                self.found.insert(
                    key.name,
                    Found {
                        text,
                        place: Place::Environment(variable),
                    },
                );
            }
        }
    }

    fn read_file(&mut self, file: &Path, text: &str) {
        let line_of = |at: usize| text.get(..at).unwrap_or(text).lines().count().max(1);
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(span.start + 1));
                let place = Place::File(file.to_owned(), line);
                self.push(
                    place,
                    "file",
                    "",
                    &error.message().to_lowercase(),
                    "Write it as TOML.",
                );
                return;
            }
        };
        for (section, value) in table.get_ref() {
            let place = |at: usize| Place::File(file.to_owned(), line_of(at + 1));
            let DeValue::Table(settings) = value.get_ref() else {
                self.unknown(place(section.span().start), section.get_ref());
                continue;
            };
            for (name, value) in settings {
                let full = format!("{}.{}", section.get_ref(), name.get_ref());
                if full == SERVICES
                    && let DeValue::Table(services) = value.get_ref()
                {
                    self.take_table(SERVICES, services, &place);
                    continue;
                }
                match (keys::find(&full).filter(|key| key.is_table), value.get_ref()) {
                    (Some(key), DeValue::Table(lines)) => {
                        for (line, value) in lines {
                            let place = place(line.span().start);
                            self.take_line(key.name, line.get_ref(), place, value.get_ref());
                        }
                    }
                    (_, value) => self.take(&full, place(name.span().start), value),
                }
            }
        }
    }

    /// Tables whose names are those of another system: every text in them, with where it stands.
    fn take_table(&mut self, name: &str, table: &DeTable<'_>, place: &dyn Fn(usize) -> Place) {
        for (key, value) in table {
            let full = format!("{name}.{}", key.get_ref());
            let place_of = place(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) if full.matches('.').count() < 4 => {
                    self.take_table(&full, inner, place);
                }
                DeValue::String(text) => {
                    let text = text.to_string();
                    self.services.insert(
                        full,
                        Found {
                            text,
                            place: place_of,
                        },
                    );
                }
                _ => self.push(place_of, &full, "", "is not a text", "Give a name in quotes."),
            }
        }
    }

    /// The texts under `sap.services`, by their whole names.
    pub(super) fn services(&self) -> Vec<(String, String)> {
        let all = self.services.iter();
        all.map(|(name, found)| (name.clone(), found.text.clone()))
            .collect()
    }

    fn take(&mut self, name: &str, place: Place, value: &DeValue<'_>) {
        let Some(key) = keys::find(name) else {
            return self.unknown(place, name);
        };
        if key.is_secret {
            let remedy = "Remove the line and change the secret, since it was readable here. Set it on the keyring with \
                          andonctl credential set.";
            return self.push(
                place,
                name,
                "<redacted>",
                "is a secret, and secrets do not belong into a file",
                remedy,
            );
        }
        if key.is_table {
            let remedy = format!("Write a table [{name}] with one line for each.");
            return self.push(place, name, "", "is not a table", &remedy);
        }
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Boolean(switch) => switch.to_string(),
            _ => {
                return self.push(
                    place,
                    name,
                    "",
                    "is not a text, whole number or switch",
                    "Give one single value.",
                );
            }
        };
        self.found.insert(key.name, Found { text, place });
    }

    fn take_line(&mut self, table: &'static str, line: &str, place: Place, value: &DeValue<'_>) {
        let DeValue::String(text) = value else {
            let name = format!("{table}.{line}");
            return self.push(place, &name, "", "is not a text", "Give one word in quotes.");
        };
        let found = Found {
            text: text.to_string(),
            place,
        };
        self.tables
            .entry(table)
            .or_default()
            .insert(line.to_owned(), found);
    }

    fn unknown(&mut self, place: Place, name: &str) {
        let remedy = keys::nearest(name).map_or_else(
            || "docs/guide/configuration.md lists every setting.".to_owned(),
            |known| format!("Did you mean {known}?"),
        );
        self.push(place, name, "", "is not a setting", &remedy);
    }

    fn push(&mut self, place: Place, key: &str, value: &str, problem: &str, remedy: &str) {
        self.mistakes.push(Mistake {
            place,
            key: key.to_owned(),
            value: value.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    /// Notes a mistake at the place where the setting was found.
    pub(super) fn mistake(&mut self, key: &str, value: &str, problem: &str, remedy: &str) {
        let line = || {
            self.tables.iter().find_map(|(table, lines)| {
                let name = key.strip_prefix(table)?.strip_prefix('.')?;
                lines.get(name)
            })
        };
        let found = self.found.get(key).or_else(|| self.services.get(key));
        let place = found
            .or_else(line)
            .map_or(Place::Nowhere, |found| found.place.clone());
        self.push(place, key, value, problem, remedy);
    }

    /// Notes what a connector finds wrong with its section.
    pub(super) fn problems(&mut self, section: &str, problems: Vec<ConfigProblem>) {
        for problem in problems {
            let (key, value, problem, remedy) = super::mistake_of(section, problem);
            self.mistake(&key, &value, &problem, &remedy);
        }
    }

    /// The address of a section's system, and whether the section is there at all. Other settings without an address are a
    /// mistake; a secret alone is none, since it may be there for another program.
    pub(super) fn endpoint(&mut self, section: &str) -> (Option<Url>, bool) {
        let (start, key) = (format!("{section}."), format!("{section}.endpoint"));
        if self.found.contains_key(key.as_str()) {
            return (self.url(&key), true);
        }
        let named = self.found.iter().map(|(name, found)| (*name, &found.place));
        let services = self
            .services
            .iter()
            .map(|(name, found)| (name.as_str(), &found.place));
        let lines = self
            .tables
            .iter()
            .flat_map(|(table, lines)| lines.values().map(|found| (*table, &found.place)));
        let others = named.chain(services).chain(lines);
        let first = others
            .filter(|(name, _)| name.starts_with(&start))
            .map(|(_, place)| place)
            .min();
        let Some(place) = first.cloned() else {
            return (None, false);
        };
        let remedy = format!("Give the address of the system, or remove the other settings of {section}.");
        self.push(place, &key, "", "is missing", &remedy);
        (None, true)
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.found.get(key).map(|found| found.text.clone())
    }

    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.secrets.remove(key)
    }

    fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        problem: &str,
        remedy: &str,
    ) -> Option<T> {
        let text = self.text(key)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.mistake(key, &text, problem, remedy);
        }
        value
    }

    pub(super) fn url(&mut self, key: &str) -> Option<Url> {
        self.parsed(
            key,
            |text| Url::parse(text).ok(),
            "is not an address",
            "Give one such as https://host.example.org.",
        )
    }

    pub(super) fn number(&mut self, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let remedy = format!("Give a whole number from {} to {}.", range.start(), range.end());
        let read = |text: &str| text.parse().ok().filter(|number| range.contains(number));
        self.parsed(key, read, "is not a whole number in range", &remedy)
    }

    pub(super) fn switch(&mut self, key: &str) -> Option<bool> {
        let read = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        };
        self.parsed(key, read, "is neither true nor false", "Give true or false.")
    }

    pub(super) fn word(&mut self, key: &str, known: &[&str]) -> Option<String> {
        let remedy = format!("Give one of {}.", known.join(", "));
        let read = |text: &str| {
            let text = text.to_ascii_lowercase();
            known.contains(&text.as_str()).then_some(text)
        };
        self.parsed(key, read, "is not known", &remedy)
    }

    /// The lines of a table, each with one of these words.
    pub(super) fn words(&mut self, table: &str, known: &[&'static str]) -> BTreeMap<String, &'static str> {
        let Some(lines) = self.tables.get(table) else {
            return BTreeMap::new();
        };
        let lines: Vec<_> = lines
            .iter()
            .map(|(line, found)| (line.clone(), found.text.clone()))
            .collect();
        let (mut read, remedy) = (BTreeMap::new(), format!("Give one of {}.", known.join(", ")));
        for (line, text) in lines {
            let wanted = text.trim().to_ascii_lowercase();
            match known.iter().find(|word| **word == wanted) {
                Some(word) => _ = read.insert(line, *word),
                None => self.mistake(&format!("{table}.{line}"), &text, "is not known", &remedy),
            }
        }
        read
    }

    pub(super) fn amount(&mut self, key: &str) -> Option<Amount> {
        let read = |text: &str| text.parse::<Amount>().ok().filter(|amount| amount.is_positive());
        self.parsed(
            key,
            read,
            "is not an amount above zero",
            "Give a decimal number in quotes such as \"1000.00\".",
        )
    }

    pub(super) fn address(&mut self, key: &str) -> Option<SocketAddr> {
        let read = |text: &str| {
            text.parse::<SocketAddr>()
                .ok()
                .filter(|address| address.ip().is_loopback())
        };
        self.parsed(
            key,
            read,
            "is not a loopback address with port",
            "Give one such as 127.0.0.1:4517.",
        )
    }

    pub(super) fn finish<T>(mut self, value: T) -> Result<T, Mistakes> {
        if self.mistakes.is_empty() {
            return Ok(value);
        }
        self.mistakes.sort_by(|a, b| a.place.cmp(&b.place));
        Err(Mistakes(self.mistakes))
    }
}
