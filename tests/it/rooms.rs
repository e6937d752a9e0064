//! The floors of ARCHITECTURE.md, held by `cargo metadata`: who may import whom, and what may never be reached.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;

use serde_json::Value;

use crate::process::root;

/// Every package of the workspace and the packages of it that it imports; exactly these, or fewer.
const FLOORS: [(&str, &[&str]); 12] = [
    ("andon-domain", &[]),
    ("andon-guard", &["andon-domain"]),
    ("andon-approvals", &["andon-domain"]),
    ("andon-store", &["andon-domain", "andon-approvals"]),
    (
        "andon-connectors",
        &["andon-domain", "andon-guard", "andon-approvals"],
    ),
    (
        "andon-engine",
        &["andon-domain", "andon-guard", "andon-approvals"],
    ),
    (
        "andon-api",
        &["andon-engine", "andon-guard", "andon-approvals", "andon-domain"],
    ),
    ("andon-gateway", &["andon-api", "andon-domain"]),
    (
        "andon-app",
        &[
            "andon-domain",
            "andon-guard",
            "andon-approvals",
            "andon-store",
            "andon-connectors",
            "andon-engine",
            "andon-api",
            "andon-gateway",
        ],
    ),
    ("andon", &["andon-app", "andon-api"]),
    ("andon-demo-plant", &[]),
    // For its benches only, see below.
    (
        "andon-tests",
        &[
            "andon-domain",
            "andon-guard",
            "andon-approvals",
            "andon-store",
            "andon-connectors",
            "andon-engine",
        ],
    ),
];

/// The pure rooms take from outside only what is named here.
const PURE: [(&str, &[&str]); 3] = [
    (
        "andon-domain",
        &[
            "async-trait",
            "futures-core",
            "jiff",
            "rust_decimal",
            "schemars",
            "serde",
            "serde_json",
            "serde_json_canonicalizer",
            "sha2",
            "thiserror",
            "ts-rs",
            "uuid",
            "zeroize",
        ],
    ),
    (
        "andon-guard",
        &["async-trait", "serde", "serde_json", "sqlparser", "thiserror"],
    ),
    (
        "andon-approvals",
        &[
            "async-trait",
            "ed25519-dalek",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "ts-rs",
            "zeroize",
        ],
    ),
];

/// What a room must not reach, over any number of steps.
const NEVER: [(&str, &[&str]); 11] = [
    (
        "andon-domain",
        &["tokio", "reqwest", "rusqlite", "sqlparser", "tauri"],
    ),
    ("andon-guard", &["tokio", "reqwest", "rusqlite", "tauri"]),
    (
        "andon-approvals",
        &["tokio", "reqwest", "rusqlite", "sqlparser", "tauri"],
    ),
    (
        "andon-store",
        &["reqwest", "axum", "sqlparser", "tauri", "andon-engine"],
    ),
    (
        "andon-connectors",
        &["axum", "keyring-core", "tauri", "andon-store", "andon-engine"],
    ),
    (
        "andon-engine",
        &[
            "rusqlite",
            "reqwest",
            "axum",
            "keyring-core",
            "tauri",
            "andon-store",
            "andon-connectors",
        ],
    ),
    (
        "andon-api",
        &[
            "rusqlite",
            "reqwest",
            "axum",
            "tauri",
            "andon-store",
            "andon-connectors",
        ],
    ),
    (
        "andon-gateway",
        &["rusqlite", "tauri", "andon-store", "andon-connectors"],
    ),
    ("andon-app", &["tauri", "wry", "webkit2gtk"]),
    ("andon-demo-plant", &["tauri", "rusqlite", "sqlparser"]),
    ("andon-tests", &["tauri", "rusqlite"]),
];

struct House {
    /// Direct dependencies of each workspace package, those for tests and builds included.
    direct: BTreeMap<String, BTreeSet<String>>,
    /// Names and normal dependencies of every package, by its id.
    names: HashMap<String, String>,
    normal: HashMap<String, Vec<String>>,
}

fn house() -> House {
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            &host,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    read(&serde_json::from_slice(&output.stdout).unwrap())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn read(metadata: &Value) -> House {
    let members: BTreeSet<String> = list(&metadata["workspace_members"]).map(text).collect();
    let names = list(&metadata["packages"])
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let direct = list(&metadata["packages"])
        .filter(|package| members.contains(package["id"].as_str().unwrap()))
        .map(|package| {
            let dependencies = list(&package["dependencies"]).map(|dependency| text(&dependency["name"]));
            (text(&package["name"]), dependencies.collect())
        })
        .collect();
    let is_normal = |dependency: &&Value| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
    let normal = list(&metadata["resolve"]["nodes"])
        .map(|node| {
            (
                text(&node["id"]),
                list(&node["deps"])
                    .filter(is_normal)
                    .map(|d| text(&d["pkg"]))
                    .collect(),
            )
        })
        .collect();
    House {
        direct,
        names,
        normal,
    }
}

impl House {
    /// Names of everything a package reaches by normal dependencies.
    fn reach(&self, package: &str) -> BTreeSet<&str> {
        let start = self
            .names
            .iter()
            .find(|(_, name)| *name == package)
            .map(|(id, _)| id.as_str());
        let mut open = vec![start.unwrap_or_else(|| panic!("no package {package}"))];
        let (mut seen, mut reached) = (BTreeSet::new(), BTreeSet::new());
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                reached.insert(self.names[id].as_str());
                open.extend(self.normal[id].iter().map(String::as_str));
            }
        }
        reached
    }
}

#[test]
fn rooms_import_only_what_their_floor_allows() {
    let house = house();
    let known: BTreeSet<&str> = FLOORS.iter().map(|(room, _)| *room).collect();
    let rooms: BTreeSet<&str> = house.direct.keys().map(String::as_str).collect();
    assert_eq!(
        rooms, known,
        "a new room needs a floor here and in ARCHITECTURE.md"
    );
    for (room, allowed) in FLOORS {
        let ours = house.direct[room]
            .iter()
            .filter(|name| known.contains(name.as_str()));
        let wrong: Vec<_> = ours.filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{room} must not import {wrong:?}");
    }
}

#[test]
fn the_tests_know_the_house_only_from_outside() {
    let mut open = vec![root().join("tests/it"), root().join("tests/desktop")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let import = text
                .lines()
                .find(|line| line.contains(concat!("andon", "_")) && line.contains("::"));
            assert_eq!(import, None, "only benches import rooms: {}", path.display());
        }
    }
}

#[test]
fn pure_rooms_take_nothing_else_from_outside() {
    let house = house();
    for (room, allowed) in PURE {
        let direct: BTreeSet<&str> = house
            .normal_names(room)
            .into_iter()
            .filter(|name| !name.starts_with("andon"))
            .collect();
        let wrong: Vec<_> = direct.iter().filter(|name| !allowed.contains(name)).collect();
        assert!(wrong.is_empty(), "{room} must not use {wrong:?}");
    }
}

impl House {
    /// Names of a package's direct normal dependencies.
    fn normal_names(&self, package: &str) -> BTreeSet<&str> {
        let id = self
            .names
            .iter()
            .find(|(_, name)| *name == package)
            .map(|(id, _)| id)
            .unwrap();
        self.normal[id].iter().map(|id| self.names[id].as_str()).collect()
    }
}

#[test]
fn rooms_reach_nothing_that_is_not_theirs() {
    let house = house();
    for (room, never) in NEVER {
        let reached = house.reach(room);
        let wrong: Vec<_> = never.iter().filter(|name| reached.contains(**name)).collect();
        assert!(wrong.is_empty(), "{room} reaches {wrong:?}");
    }
    assert!(house.reach("andon").contains("tauri"), "the window is made of it");
    let gateway = house.normal_names("andon-gateway");
    assert!(!gateway.contains("andon-engine") && !gateway.contains("andon-store"));
}
