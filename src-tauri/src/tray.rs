//! The icon beside the desktop's clock. A desktop that has no place for one loses nothing but it.

use std::sync::{Mutex, PoisonError};

use amberglass_app::{
    Command, Handle,
    host::HostEvent,
    view::{ConsoleView, Opens},
};
use amberglass_domain::ports::Clock;
use amberglass_system::WaitingClock;
use tauri::{
    AppHandle, Manager as _, Wry,
    image::Image,
    menu::{Menu, MenuItem, PredefinedMenuItem},
    tray::{TrayIcon, TrayIconBuilder},
};

use crate::{
    console_window,
    tray_words::{END_SESSION, NOBODY_WAITS, OPEN, TrayFacts, TrayMark, TrayWords},
};

/// How often what runs on by itself is said anew.
const REFRESH_MILLIS: i64 = 15_000;

const OPEN_ID: &str = "open";
const INBOX_ID: &str = "inbox";
const END_ID: &str = "end";
const QUIT_ID: &str = "quit";

const ICON: Image<'_> = tauri::include_image!("icons/tray.png");

pub struct Tray {
    icon: TrayIcon<Wry>,
    lines: [MenuItem<Wry>; 4],
    inbox: MenuItem<Wry>,
    end: MenuItem<Wry>,
    quit: MenuItem<Wry>,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    facts: Option<TrayFacts>,
    /// Monotonic time at which they came.
    came_at: i64,
    words: Option<TrayWords>,
}

impl Tray {
    /// Puts it there and keeps it current for as long as the program runs. On the main thread.
    pub fn start(app: &AppHandle) {
        // Where the library of the tray is not installed, what loads it panics instead of failing.
        let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Self::build(app)));
        match built {
            Ok(Ok(tray)) => {
                app.manage(tray);
                let app = app.clone();
                tauri::async_runtime::spawn(async move {
                    loop {
                        WaitingClock.sleep_until(WaitingClock.monotonic_millis().saturating_add(REFRESH_MILLIS)).await;
                        app.state::<Self>().refresh(&app);
                    }
                });
            }
            Ok(Err(error)) => tracing::warn!(%error, "there is no tray icon"),
            Err(_) => tracing::warn!("there is no tray icon: its library is not installed"),
        }
    }

    fn build(app: &AppHandle) -> tauri::Result<Self> {
        let line = || MenuItem::new(app, "", false, None::<&str>);
        let lines = [line()?, line()?, line()?, line()?];
        let inbox = MenuItem::with_id(app, INBOX_ID, NOBODY_WAITS, false, None::<&str>)?;
        let open = MenuItem::with_id(app, OPEN_ID, OPEN, true, None::<&str>)?;
        let end = MenuItem::with_id(app, END_ID, END_SESSION, false, None::<&str>)?;
        let quit = MenuItem::with_id(app, QUIT_ID, "Quit", true, None::<&str>)?;
        let [staff, connection, queue, session] = &lines;
        let (first, second) = (PredefinedMenuItem::separator(app)?, PredefinedMenuItem::separator(app)?);
        let menu =
            Menu::with_items(app, &[staff, connection, queue, session, &first, &inbox, &open, &end, &second, &quit])?;
        let icon = TrayIconBuilder::with_id("amberglass")
            .icon(ICON)
            .tooltip("Amberglass")
            .menu(&menu)
            .on_menu_event(|app, event| obey(app, event.id().as_ref()))
            .build(app)?;
        Ok(Self { icon, lines, inbox, end, quit, shown: Mutex::default() })
    }

    /// Returns at once: the main thread, which draws it, may be busy.
    pub fn show(&self, app: &AppHandle, view: &ConsoleView) {
        let facts = TrayFacts::of(view);
        {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.facts = Some(facts);
            shown.came_at = WaitingClock.monotonic_millis();
        }
        self.refresh(app);
    }

    fn refresh(&self, app: &AppHandle) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(facts) = &shown.facts else { return };
        let elapsed = WaitingClock.monotonic_millis().saturating_sub(shown.came_at);
        let words = facts.words(WaitingClock.now(), elapsed);
        if shown.words.as_ref() == Some(&words) {
            return;
        }
        let before = shown.words.replace(words.clone()).map(|words| words.mark);
        let main = app.clone();
        let say = move || {
            if let Err(error) = main.state::<Self>().say(&words, before) {
                tracing::warn!(%error, "the tray was not brought up to date");
            }
        };
        if let Err(error) = app.run_on_main_thread(say) {
            tracing::warn!(%error, "the tray was not brought up to date");
        }
    }

    fn say(&self, words: &TrayWords, mark_before: Option<TrayMark>) -> tauri::Result<()> {
        let [staff, connection, queue, session] = &self.lines;
        staff.set_text(&words.staff)?;
        connection.set_text(&words.connection)?;
        queue.set_text(&words.queue)?;
        session.set_text(&words.session)?;
        self.inbox.set_text(if words.inbox.is_empty() { NOBODY_WAITS } else { &words.inbox })?;
        self.inbox.set_enabled(!words.inbox.is_empty())?;
        self.icon.set_title(words.count.as_deref())?;
        self.end.set_enabled(words.runs)?;
        self.quit.set_text(words.quit)?;
        self.icon.set_tooltip(Some(words.tooltip()))?;
        if mark_before != Some(words.mark) {
            self.icon.set_icon(Some(marked(words.mark)))?;
        }
        Ok(())
    }
}

fn obey(app: &AppHandle, id: &str) {
    match id {
        OPEN_ID => console_window::raise(app),
        INBOX_ID => app.state::<Handle>().host_event(HostEvent::NoticeOpened { opens: Opens::Inbox {} }),
        END_ID => app.state::<Handle>().command(Command::EndSession {}),
        QUIT_ID => app.state::<Handle>().host_event(HostEvent::QuitRequested),
        _ => {}
    }
}

/// The icon, with a dot in its lower right corner: amber while somebody's portal is open, red while somebody has to look.
fn marked(mark: TrayMark) -> Image<'static> {
    let colour = match mark {
        TrayMark::None => return ICON,
        TrayMark::Session => [0xf5, 0x9e, 0x0b],
        TrayMark::Attention => [0xb9, 0x1c, 0x1c],
    };
    let (width, height) = (ICON.width(), ICON.height());
    Image::new_owned(dotted(ICON.rgba(), width, height, colour), width, height)
}

/// RGBA, not premultiplied. The dot stands on a light ring, so that it shows on the icon itself and on any panel.
fn dotted(rgba: &[u8], width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let (side, across) = (f64::from(width.min(height)), width as usize);
    let (radius, ring) = (side * 0.24, side * 0.08);
    let centre = (f64::from(width) - radius - ring, f64::from(height) - radius - ring);
    let mut marked = rgba.to_vec();
    for (index, pixel) in marked.chunks_exact_mut(4).enumerate() {
        let (x, y) = ((index % across) as f64 + 0.5, (index / across) as f64 + 0.5);
        let distance = (x - centre.0).hypot(y - centre.1);
        for (edge, colour) in [(radius + ring, [0xfa, 0xfa, 0xf9]), (radius, colour)] {
            // How much of the pixel lies within.
            let covered = (edge - distance + 0.5).clamp(0.0, 1.0);
            for (value, paint) in pixel.iter_mut().zip([colour[0], colour[1], colour[2], 0xff]) {
                *value = (f64::from(*value) * (1.0 - covered) + f64::from(paint) * covered).round() as u8;
            }
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dot_stands_in_the_lower_right_corner_and_leaves_the_rest() {
        let pixel = |image: &[u8], x: usize, y: usize| image[(y * 32 + x) * 4..][..4].to_vec();
        for (mark, colour) in
            [(TrayMark::Session, [0xf5, 0x9e, 0x0b, 0xff]), (TrayMark::Attention, [0xb9, 0x1c, 0x1c, 0xff])]
        {
            let image = marked(mark);
            assert_eq!(pixel(image.rgba(), 21, 21), colour, "{mark:?}");
            assert_eq!(pixel(image.rgba(), 8, 8), pixel(ICON.rgba(), 8, 8), "{mark:?}");
        }
        assert_eq!(marked(TrayMark::None).rgba(), ICON.rgba());
    }
}
