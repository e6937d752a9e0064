//! Tells Tauri which commands exist, so that the capability list works by name, and where icons and capabilities lie.
//!
//! The list of commands is generated from the command table by a test of `andon-api`; a build script cannot ask the
//! table itself.

fn main() {
    println!("cargo::rerun-if-changed=src-tauri/commands.txt");
    println!("cargo::rerun-if-changed=src-tauri/capabilities");
    let commands: &'static [&'static str] = include_str!("commands.txt").lines().collect::<Vec<_>>().leak();
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("src-tauri/capabilities/*.json")
        .app_manifest(tauri_build::AppManifest::new().commands(commands))
        .windows_attributes(
            tauri_build::WindowsAttributes::new().window_icon_path("src-tauri/icons/icon.ico"),
        );
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("the window cannot be built: {error:#}");
    }
}
