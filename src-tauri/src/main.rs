//! The desktop window: one window over the console, with a tray lamp and notifications. It decides nothing by itself.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod bridge;
mod instance;
mod notices;
mod tray;

use std::process::ExitCode;
use std::sync::Arc;

use andon_api::{Console, Session};
use andon_app::{Running, StartOptions};
use tauri::{AppHandle, Manager, RunEvent, Url, WebviewUrl, WebviewWindowBuilder};
use tokio::signal::unix::{SignalKind, signal};

/// What the window's parts share.
pub(crate) struct Desk {
    pub(crate) console: Arc<Console>,
    pub(crate) session: Arc<Session>,
}

fn main() -> ExitCode {
    let options = match StartOptions::from_command_line() {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    let data_dir = options.folder();
    match tauri::async_runtime::block_on(andon_app::start(options)) {
        Ok(running) => run(running),
        Err(error) => {
            if error.is_held_by_another() {
                instance::raise(&data_dir);
            }
            error.report()
        }
    }
}

fn run(running: Running) -> ExitCode {
    let desk = Arc::new(Desk {
        console: Arc::clone(&running.console),
        session: running.console.sign_in(andon_api::Via::Window),
    });
    let built = tauri::Builder::default()
        .plugin(instance::plugin(&running.data_dir))
        .plugin(tauri_plugin_notification::init())
        .invoke_handler(bridge::handler(Arc::clone(&desk)))
        .setup(move |app| {
            // Only pages of the app itself; a link elsewhere and a new window go nowhere.
            WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
                .title("Andon")
                .inner_size(1440.0, 900.0)
                .min_inner_size(1024.0, 680.0)
                .on_navigation(is_own_page)
                .build()?;
            tray::build(app.handle())?;
            notices::start(app.handle(), &desk);
            bridge::forward_events(app.handle(), &desk);
            end_on_signals(app.handle());
            Ok(())
        })
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(error) => {
            tauri::async_runtime::block_on(running.shutdown());
            return andon_app::StartError::window(&error).report();
        }
    };
    let mut running = Some(running);
    let code = app.run_return(move |_app, event| {
        if let RunEvent::Exit = event
            && let Some(running) = running.take()
        {
            // What is being sent ends first; what waits stays on disk.
            tauri::async_runtime::block_on(running.shutdown());
        }
    });
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Pages of the app itself are the only ones the window shows.
fn is_own_page(url: &Url) -> bool {
    let is_own = if cfg!(windows) {
        url.host_str() == Some("tauri.localhost")
    } else {
        url.scheme() == "tauri"
    };
    if !is_own {
        tracing::warn!(
            "a way out of the window was refused: {}",
            andon_api::text::visible(url.as_str(), 200)
        );
    }
    is_own
}

/// A service manager's or a terminal's wish to end is met as a closed window is.
fn end_on_signals(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                app.exit(0);
            }
            (Err(error), _) | (_, Err(error)) => tracing::warn!("signals to end are not heard: {error}"),
        }
    });
}

/// Brings the window to the front.
pub(crate) fn show_main(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        // A window manager may refuse; the window is then where the person left it.
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}
