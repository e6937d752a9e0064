//! One window for one data folder. The folder's lock decides who may run; a second start ends at once and only asks the
//! first to come to the front.
//!
//! The single-instance plugin listens in the first. The second does not use it: it would open a window before it knew,
//! and end with success.

use std::path::Path;
use std::time::Duration;

use tauri::Wry;
use tauri::plugin::TauriPlugin;
use zbus::blocking::connection::Builder;

use crate::show_main;

/// A second start ends within a second even when the first does not answer.
const AT_MOST: Duration = Duration::from_millis(700);

/// Listens for later starts on the same folder.
pub(crate) fn plugin(data_dir: &Path) -> TauriPlugin<Wry> {
    let listening = tauri_plugin_single_instance::Builder::new().callback(|app, _arguments, _folder| {
        tracing::info!("another start on this folder: the window comes to the front");
        show_main(app);
    });
    match name(data_dir) {
        Some(name) => listening.dbus_id(name).build(),
        None => listening.build(),
    }
}

/// Asks the window that holds this folder to come to the front. A console without a window has nothing to show.
pub(crate) fn raise(data_dir: &Path) {
    let Some(name) = name(data_dir).map(|name| format!("{name}.SingleInstance")) else {
        return;
    };
    let path = format!("/{}", name.replace('.', "/"));
    let nothing: (&[&str], &str) = (&[], "");
    let bus = Builder::session().and_then(|bus| bus.method_timeout(AT_MOST).build());
    // Nobody may answer; this start ends in either case and says why.
    let _ = bus.and_then(|bus| {
        let interface = Some("org.SingleInstance.DBus");
        bus.call_method(
            Some(name.as_str()),
            path.as_str(),
            interface,
            "ExecuteCallback",
            &nothing,
        )
    });
}

/// The name on the session bus. Windows on different folders are different consoles and may run side by side.
fn name(data_dir: &Path) -> Option<String> {
    let id = std::fs::read_to_string(data_dir.join("installation")).ok()?;
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    (!id.is_empty()).then(|| format!("org.andon.console.i{id}"))
}
