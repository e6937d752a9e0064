//! The tray: a lamp stack lit to the highest risk that waits, with the count, and a small menu.

use std::sync::Arc;

use andon_api::Risk;
use andon_api::wire::StatusView;
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Wry};

use crate::{Desk, show_main};

const SIZE: u32 = 32;

/// The line of the menu that shows the count.
struct Waiting(MenuItem<Wry>);

/// Puts the tray up. A desktop without one is no reason not to start.
pub(crate) fn build(app: &AppHandle) -> tauri::Result<()> {
    let open = MenuItem::with_id(app, "open", "Open Andon", true, None::<&str>)?;
    let waiting = MenuItem::with_id(app, "waiting", "Nothing waits", false, None::<&str>)?;
    let quit = MenuItem::with_id(app, "quit", "Quit", true, None::<&str>)?;
    let menu = Menu::with_items(app, &[&open, &waiting, &quit])?;
    app.manage(Waiting(waiting));
    let tray = TrayIconBuilder::with_id("andon")
        .icon(lamp(None))
        .tooltip("Andon")
        .menu(&menu)
        .on_menu_event(|app, event| match event.id().as_ref() {
            "open" => show_main(app),
            "quit" => app.exit(0),
            _ => {}
        })
        .build(app);
    if let Err(error) = tray {
        tracing::warn!("no tray on this desktop: {error}");
    }
    Ok(())
}

/// Shows how many requests wait and the highest risk among them.
pub(crate) async fn refresh(app: &AppHandle, desk: &Arc<Desk>) {
    let answer = desk
        .console
        .call(&desk.session, "status_get", serde_json::Value::Null)
        .await;
    let Ok(Ok(status)) = answer.map(serde_json::from_value::<StatusView>) else {
        return;
    };
    let words = match (status.waiting, status.highest_risk) {
        (0, _) => "Nothing waits".to_owned(),
        (count, Some(risk)) => format!("{count} waiting, highest {}", risk.as_str().to_uppercase()),
        (count, None) => format!("{count} waiting"),
    };
    if let Some(waiting) = app.try_state::<Waiting>() {
        let _ = waiting.0.set_text(&words);
    }
    if let Some(tray) = app.tray_by_id("andon") {
        let _ = tray.set_icon(Some(lamp(status.highest_risk)));
        let _ = tray.set_tooltip(Some(format!("Andon: {words}")));
    }
}

/// Four lamps, lit from the bottom: the number carries the level, the colour only repeats it.
fn lamp(risk: Option<Risk>) -> Image<'static> {
    let (lit, colour) = match risk {
        None => (0, [0; 4]),
        Some(Risk::Low) => (1, [0xb3, 0xba, 0xc3, 0xff]),
        Some(Risk::Medium) => (2, [0xe0, 0xc0, 0x4c, 0xff]),
        Some(Risk::High) => (3, [0xf5, 0x9a, 0x4a, 0xff]),
        Some(Risk::Critical) => (4, [0xff, 0x7a, 0x6e, 0xff]),
    };
    let off = [0x6b, 0x74, 0x7f, 0xff];
    let mut pixels = vec![0_u8; (SIZE * SIZE * 4) as usize];
    for bar in 0..4_u32 {
        let shade = if bar < lit { colour } else { off };
        let top = SIZE - 7 - bar * 8;
        for y in top..top + 6 {
            for x in 9..23 {
                let at = ((y * SIZE + x) * 4) as usize;
                pixels[at..at + 4].copy_from_slice(&shade);
            }
        }
    }
    Image::new_owned(pixels, SIZE, SIZE)
}
