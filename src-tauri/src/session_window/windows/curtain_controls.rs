//! The curtain's buttons and its sentence as Windows knows them: real buttons in a window of their own, under what the overlay shows
//! and at the same places. Keyboard and screen readers reach them; the pointer meets the overlay above them, which does the same.
#![allow(unsafe_code, reason = "Win32 offers no other way; what makes a block sound stands beside it")]

use std::{cell::RefCell, rc::Rc};

use amberglass_overlay::{Area, CurtainAction, PlacedButton};
use windows::{
    Win32::{
        Foundation::{HWND, LPARAM, LRESULT, WPARAM},
        System::LibraryLoader::GetModuleHandleW,
        UI::{
            Accessibility::{
                NotificationKind_Other, NotificationProcessing_ImportantMostRecent, UiaHostProviderFromHwnd,
                UiaRaiseNotificationEvent,
            },
            Input::KeyboardAndMouse::{
                GetFocus, GetKeyState, SetFocus, VIRTUAL_KEY, VK_ESCAPE, VK_F6, VK_RETURN, VK_SHIFT, VK_TAB,
            },
            Shell::{DefSubclassProc, SetWindowSubclass},
            WindowsAndMessaging::{
                BN_CLICKED, CreateWindowExW, DefWindowProcW, DestroyWindow, IsWindowVisible, MoveWindow, PostMessageW,
                RegisterClassW, SW_HIDE, SW_SHOWNA, SetWindowTextW, ShowWindow, WINDOW_EX_STYLE, WM_APP, WM_COMMAND,
                WM_KEYDOWN, WM_KILLFOCUS, WM_SETFOCUS, WNDCLASSW, WS_CHILD, WS_CLIPCHILDREN, WS_EX_CONTROLPARENT,
                WS_TABSTOP, WS_VISIBLE,
            },
        },
    },
    core::{BSTR, HSTRING, PCWSTR, Result, w},
};

use crate::session_window::child_view;

const CLASS: PCWSTR = w!("AmberglassCurtain");
/// To the overlay's window: another button has the keyboard. Later, and not from within.
pub const FOCUS_MOVED: u32 = WM_APP;

thread_local! {
    /// As for the overlay: one at a time, and Windows tells them by their handles alone.
    static STANDING: RefCell<Option<Rc<Parts>>> = const { RefCell::new(None) };
}

/// Gone with its window when it is dropped.
pub struct CurtainControls {
    parts: Rc<Parts>,
}

struct Parts {
    container: HWND,
    overlay: HWND,
    press: Box<dyn Fn(CurtainAction)>,
    shown: RefCell<Shown>,
}

#[derive(Default)]
struct Shown {
    sentence: String,
    buttons: Vec<(PlacedButton, HWND)>,
}

impl CurtainControls {
    /// # Errors
    /// When their window could not be made.
    pub fn new(owner: HWND, overlay: HWND, press: impl Fn(CurtainAction) + 'static) -> Result<Self> {
        let parts =
            Parts { container: make_container(owner)?, overlay, press: Box::new(press), shown: RefCell::default() };
        let parts = Rc::new(parts);
        STANDING.set(Some(Rc::clone(&parts)));
        Ok(Self { parts })
    }

    /// Follows the curtain, whose `sentence` is empty when there is none. `at` is where the overlay lies in the session window.
    pub fn show(&self, sentence: &str, placed: Vec<PlacedButton>, at: Area) {
        let parts = &self.parts;
        place(parts.container, at);
        let same = {
            let shown = parts.shown.borrow();
            let actions = |placed: &PlacedButton| (placed.action, placed.label.clone());
            shown.buttons.iter().map(|(button, _)| actions(button)).eq(placed.iter().map(actions))
        };
        if same {
            for ((known, button), placed) in parts.shown.borrow_mut().buttons.iter_mut().zip(placed) {
                if known.area != placed.area {
                    place(*button, placed.area);
                }
                *known = placed;
            }
        } else {
            parts.replace(placed);
        }
        // SAFETY: a window of this thread.
        unsafe {
            if IsWindowVisible(parts.container).as_bool() == sentence.is_empty() {
                let _ = ShowWindow(parts.container, if sentence.is_empty() { SW_HIDE } else { SW_SHOWNA });
            }
        }
        let before = std::mem::replace(&mut parts.shown.borrow_mut().sentence, sentence.to_owned());
        if before != sentence {
            parts.say(sentence);
        }
    }

    /// The button that has the keyboard.
    pub fn focused(&self) -> Option<CurtainAction> {
        let shown = self.parts.shown.borrow();
        focused(&shown.buttons).and_then(|at| shown.buttons.get(at)).map(|(placed, _)| placed.action)
    }

    /// For whoever was typing just now, or comes on purpose.
    pub fn take_keyboard(&self) {
        self.parts.take_keyboard();
    }
}

impl Drop for CurtainControls {
    fn drop(&mut self) {
        STANDING.set(None);
        // SAFETY: made by this thread; its buttons go with it. The session window may have taken it along.
        let _ = unsafe { DestroyWindow(self.parts.container) };
    }
}

impl Parts {
    fn replace(&self, placed: Vec<PlacedButton>) {
        // Outside the borrow: windows that go tell so, and that comes back here.
        let before = std::mem::take(&mut self.shown.borrow_mut().buttons);
        let had_keyboard = focused(&before).is_some();
        let made = placed.into_iter().filter_map(|placed| match make_button(self.container, &placed) {
            Ok(button) => Some((placed, button)),
            Err(error) => {
                tracing::error!(%error, "a button of the curtain can't be reached by keyboard");
                None
            }
        });
        let made: Vec<_> = made.collect();
        let stands = !made.is_empty();
        self.shown.borrow_mut().buttons = made;
        for (_, button) in before {
            // SAFETY: made by this thread, and nobody else destroys it.
            let _ = unsafe { DestroyWindow(button) };
        }
        if had_keyboard && stands {
            self.take_keyboard();
        }
    }

    /// To the button that does no harm when somebody was typing just now; to none, if there is no such button.
    fn take_keyboard(&self) {
        let retry = {
            let shown = self.shown.borrow();
            shown.buttons.iter().find(|(placed, _)| placed.action == CurtainAction::Retry).map(|(_, button)| *button)
        };
        focus(retry.unwrap_or(self.container));
    }

    /// As the window's name, and aloud.
    fn say(&self, sentence: &str) {
        let name = HSTRING::from(sentence);
        // SAFETY: a window of this thread; both texts live longer than the calls.
        let said = unsafe {
            let _ = SetWindowTextW(self.container, &name);
            if sentence.is_empty() {
                return;
            }
            UiaHostProviderFromHwnd(self.container).and_then(|provider| {
                let (words, kind) = (BSTR::from(sentence), BSTR::from("curtain"));
                let processing = NotificationProcessing_ImportantMostRecent;
                UiaRaiseNotificationEvent(&provider, NotificationKind_Other, processing, &words, &kind)
            })
        };
        if let Err(error) = said {
            tracing::warn!(%error, "screen readers are not told of the curtain");
        }
    }

    fn action_of(&self, window: HWND) -> Option<CurtainAction> {
        let shown = self.shown.borrow();
        shown.buttons.iter().find(|(_, button)| *button == window).map(|(placed, _)| placed.action)
    }

    /// What a key does at the curtain; false for those that the button itself takes.
    fn takes_key(&self, window: HWND, key: WPARAM) -> bool {
        let Ok(key) = u16::try_from(key.0) else { return false };
        match VIRTUAL_KEY(key) {
            // SAFETY: it only reads the state of the keyboard.
            VK_TAB => self.step(unsafe { GetKeyState(i32::from(VK_SHIFT.0)) } >= 0),
            VK_RETURN => {
                if let Some(action) = self.action_of(window) {
                    (self.press)(action);
                }
            }
            VK_ESCAPE if self.offers(CurtainAction::CloseWindow) => (self.press)(CurtainAction::CloseWindow),
            VK_ESCAPE | VK_F6 => child_view::focus_bar(),
            _ => return false,
        }
        true
    }

    fn offers(&self, action: CurtainAction) -> bool {
        self.shown.borrow().buttons.iter().any(|(placed, _)| placed.action == action)
    }

    fn step(&self, forward: bool) {
        let wanted = {
            let shown = self.shown.borrow();
            let next = neighbour(focused(&shown.buttons), shown.buttons.len(), forward);
            next.and_then(|next| shown.buttons.get(next)).map(|(_, button)| *button)
        };
        match wanted {
            Some(button) => focus(button),
            None => child_view::focus_bar(),
        }
    }
}

/// Which of `count` buttons has the keyboard next, left to right; nothing past the last and before the first.
fn neighbour(at: Option<usize>, count: usize, forward: bool) -> Option<usize> {
    let next = match (at, forward) {
        (Some(at), true) => at.checked_add(1),
        (Some(at), false) => at.checked_sub(1),
        (None, true) => Some(0),
        (None, false) => count.checked_sub(1),
    };
    next.filter(|next| *next < count)
}

fn focused(buttons: &[(PlacedButton, HWND)]) -> Option<usize> {
    // SAFETY: it only reads which window of this thread has the keyboard.
    let window = unsafe { GetFocus() };
    buttons.iter().position(|(_, button)| *button == window)
}

fn focus(window: HWND) {
    // SAFETY: a window of this thread.
    if let Err(error) = unsafe { SetFocus(Some(window)) } {
        tracing::warn!(%error, "the curtain did not get the keyboard");
    }
}

fn place(window: HWND, area: Area) {
    let [x, y, width, height] = [area.x, area.y, area.width, area.height].map(|side| i32::try_from(side).unwrap_or(0));
    // SAFETY: a window of this thread. Nobody sees it, so that nothing is painted.
    if let Err(error) = unsafe { MoveWindow(window, x, y, width, height, false) } {
        tracing::warn!(%error, "a part of the curtain is not where it is seen");
    }
}

fn make_container(owner: HWND) -> Result<HWND> {
    // SAFETY: the class's name and procedure live as long as the program; registering it once more changes nothing.
    unsafe {
        let module = GetModuleHandleW(PCWSTR::null())?;
        let class = WNDCLASSW {
            lpfnWndProc: Some(of_container),
            hInstance: module.into(),
            lpszClassName: CLASS,
            ..WNDCLASSW::default()
        };
        RegisterClassW(&raw const class);
        let style = WS_CHILD | WS_CLIPCHILDREN;
        let (owner, module) = (Some(owner), Some(module.into()));
        CreateWindowExW(WS_EX_CONTROLPARENT, CLASS, PCWSTR::null(), style, 0, 0, 1, 1, owner, None, module, None)
    }
}

fn make_button(container: HWND, placed: &PlacedButton) -> Result<HWND> {
    let name = HSTRING::from(placed.label.as_str());
    let style = WS_CHILD | WS_VISIBLE | WS_TABSTOP;
    // SAFETY: the class is one of Windows's own; the procedure lives as long as the program.
    let button = unsafe {
        let plain = WINDOW_EX_STYLE::default();
        let parent = Some(container);
        let button = CreateWindowExW(plain, w!("BUTTON"), &name, style, 0, 0, 1, 1, parent, None, None, None)?;
        let _ = SetWindowSubclass(button, Some(of_button), 1, 0);
        button
    };
    place(button, placed.area);
    Ok(button)
}

/// What both procedures do; true when nothing else is to come of it.
fn takes(window: HWND, message: u32, first: WPARAM, second: LPARAM) -> bool {
    let Some(parts) = STANDING.with_borrow(Clone::clone) else { return false };
    match message {
        WM_KEYDOWN => return parts.takes_key(window, first),
        WM_SETFOCUS | WM_KILLFOCUS => {
            // SAFETY: a window of this thread. Without it the tick does the same.
            let _ = unsafe { PostMessageW(Some(parts.overlay), FOCUS_MOVED, WPARAM(0), LPARAM(0)) };
        }
        // By the space bar, and by whatever reads the screen.
        WM_COMMAND if (first.0 >> 16) as u32 == BN_CLICKED => {
            if let Some(action) = parts.action_of(HWND(second.0 as *mut _)) {
                (parts.press)(action);
            }
        }
        _ => {}
    }
    false
}

unsafe extern "system" fn of_container(window: HWND, message: u32, first: WPARAM, second: LPARAM) -> LRESULT {
    if takes(window, message, first, second) {
        return LRESULT(0);
    }
    // SAFETY: what this procedure was called with, passed on.
    unsafe { DefWindowProcW(window, message, first, second) }
}

unsafe extern "system" fn of_button(
    window: HWND,
    message: u32,
    first: WPARAM,
    second: LPARAM,
    _: usize,
    _: usize,
) -> LRESULT {
    if takes(window, message, first, second) {
        return LRESULT(0);
    }
    // SAFETY: as above.
    unsafe { DefSubclassProc(window, message, first, second) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyboard_goes_from_button_to_button_and_leaves_at_both_ends() {
        assert_eq!(
            [neighbour(None, 2, true), neighbour(Some(0), 2, true), neighbour(Some(1), 2, true)],
            [Some(0), Some(1), None]
        );
        assert_eq!(
            [neighbour(None, 2, false), neighbour(Some(1), 2, false), neighbour(Some(0), 2, false)],
            [Some(1), Some(0), None]
        );
        assert_eq!([neighbour(None, 0, true), neighbour(None, 0, false)], [None, None]);
    }
}
