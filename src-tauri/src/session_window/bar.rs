//! The bar: a webview with our own page, in a web process of its own (never related to the console's: one crash would
//! take both).

use amberglass_app::view::{CurtainView, ElevationStep, SessionWindowView};
use tauri::{
    LogicalPosition, LogicalSize, Runtime, Webview, WebviewUrl, Window,
    webview::{NewWindowResponse, WebviewBuilder},
};

use crate::own_pages;

/// Label of the bar's webview; `src-tauri/capabilities/bar.json` names it.
pub const BAR: &str = "bar";

/// Logical pixels at usual text size, as `ui/src/bar/heights.ts` has them.
const CLOSED: u32 = 64;
/// With the row that asks why the session is extended, or why a masked field is shown.
const OPEN: u32 = 148;
/// With the row about a write that was blocked.
const WRITE: u32 = 112;

/// Logical pixels. Text larger by the person's wish needs more.
pub fn height(view: &SessionWindowView) -> u32 {
    let usual = match &view.elevation.step {
        // The page shows no row any more.
        _ if view.ending || matches!(view.curtain, Some(CurtainView::Ended { .. })) => CLOSED,
        _ if view.extend.open || view.unmask.open => OPEN,
        ElevationStep::Nothing {} => CLOSED,
        ElevationStep::Blocked { .. }
        | ElevationStep::Waiting { .. }
        | ElevationStep::Approved { .. }
        | ElevationStep::Denied { .. }
        | ElevationStep::Lapsed { .. }
        | ElevationStep::Sent { .. } => WRITE,
    };
    usual * view.preferences.text_percent / 100
}

pub fn add(window: &Window, view: &SessionWindowView) -> Result<Webview, tauri::Error> {
    let builder = WebviewBuilder::new(BAR, WebviewUrl::App("bar.html".into()))
        .devtools(false)
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .on_new_window(|_, _| NewWindowResponse::Deny);
    let size = LogicalSize::new(super::SIZE.0, f64::from(height(view)));
    let bar = window.add_child(builder, LogicalPosition::new(0.0, 0.0), size)?;
    own_pages::lighten(&bar);
    zoom(&bar, view);
    Ok(bar)
}

/// Text as large as the person has set it.
pub fn zoom<R: Runtime>(bar: &Webview<R>, view: &SessionWindowView) {
    if let Err(error) = bar.set_zoom(f64::from(view.preferences.text_percent) / 100.0) {
        tracing::warn!(%error, "the bar keeps its text size");
    }
}

/// Gives the bar's End button the keyboard.
#[cfg(target_os = "linux")]
pub fn focus_end<R: Runtime>(bar: &Webview<R>) {
    // The id stands in `ui/src/lib/testids.ts`; the page is our own.
    if let Err(error) = bar.eval("document.getElementById('end-session')?.focus()") {
        tracing::warn!(%error, "the bar's End button did not get the keyboard");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_tall_as_its_page_expects() {
        let page = include_str!("../../../ui/src/bar/heights.ts");
        let value = |name: &str| -> u32 {
            let (_, rest) = page.split_once(&format!("{name} = ")).unwrap();
            rest.split(';').next().unwrap().trim().parse().unwrap()
        };
        assert_eq!((value("BAR_CLOSED"), value("BAR_OPEN"), value("BAR_WRITE")), (CLOSED, OPEN, WRITE));
    }

    #[test]
    fn no_room_is_left_for_a_row_that_is_gone_with_the_session() {
        let mut view = crate::session_window::picture::tests::view();
        view.elevation.step = ElevationStep::Lapsed { what: "POST /appointments".to_owned() };
        assert_eq!(height(&view), WRITE);
        view.unmask.open = true;
        assert_eq!(height(&view), OPEN);
        assert_eq!(height(&SessionWindowView { ending: true, ..view.clone() }), CLOSED);
        view.curtain = Some(CurtainView::Ended { ended_by: None, by_name: None, reason: None });
        assert_eq!(height(&view), CLOSED);
    }
}
