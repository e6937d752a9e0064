//! Generates the TypeScript types and the list of commands, and fails when what is committed is stale.
//!
//! `ANDON_GENERATE=1 cargo test -p andon-api generated` writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use andon_domain::records::{CostCenter, Material, PurchaseOrder, StockRow};
use ts_rs::TS;

use crate::commands::{COMMANDS, export_types, type_names};
use crate::{ApiError, wire};

const HEAD: &str = "// Generated from the Rust types by the tests of andon-api. Do not edit.\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files_in(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

fn commands_ts(config: &ts_rs::Config) -> String {
    let types = type_names(config);
    let mut names: Vec<&str> = types
        .iter()
        .flat_map(|(_, a, b)| [a.as_str(), b.as_str()])
        .collect();
    names.sort_unstable();
    names.dedup();
    let imports: String = names
        .iter()
        .map(|name| format!("import type {{ {name} }} from \"./{name}\";\n"))
        .collect();
    let lines: String = types
        .iter()
        .map(|(name, request, response)| {
            format!("  {name}: {{ request: {request}; response: {response} }};\n")
        })
        .collect();
    format!(
        "{HEAD}{imports}\n/** Every command with what it takes and gives. */\nexport interface Commands {{\n{lines}}}\n"
    )
}

/// What should be committed: path from the root of the project, and text.
fn generate() -> BTreeMap<PathBuf, String> {
    let folder = tempfile::tempdir().unwrap();
    let config = ts_rs::Config::default()
        .with_large_int("number")
        .with_out_dir(folder.path());
    export_types(&config);
    wire::ApiEvent::export_all(&config).unwrap();
    // Records travel through `operation_browse` as values; the screens know their shape all the same.
    PurchaseOrder::export_all(&config).unwrap();
    StockRow::export_all(&config).unwrap();
    CostCenter::export_all(&config).unwrap();
    Material::export_all(&config).unwrap();
    ApiError::export_all(&config).unwrap();
    let mut files: BTreeMap<PathBuf, String> = files_in(folder.path())
        .into_iter()
        .map(|(name, text)| (Path::new("ui/src/api/generated").join(name), text))
        .collect();
    files.insert("ui/src/api/generated/commands.ts".into(), commands_ts(&config));
    let list: String = COMMANDS
        .iter()
        .map(|command| format!("{}\n", command.name))
        .collect();
    files.insert("src-tauri/commands.txt".into(), list);
    files
}

#[test]
fn generated_types_and_command_list_are_what_the_table_says() {
    let wanted = generate();
    let folder = root().join("ui/src/api/generated");
    if std::env::var_os("ANDON_GENERATE").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (path, text) in &wanted {
            let path = root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    for (path, text) in &wanted {
        let committed = fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(
            committed == *text,
            "{} is stale; run ANDON_GENERATE=1 cargo test -p andon-api generated",
            path.display()
        );
    }
    let known = wanted
        .keys()
        .filter_map(|path| path.strip_prefix("ui/src/api/generated").ok());
    let known: Vec<_> = known.map(Path::to_owned).collect();
    for name in files_in(&folder).into_keys() {
        assert!(
            known.contains(&name),
            "{} is generated from nothing any more",
            name.display()
        );
    }
}
