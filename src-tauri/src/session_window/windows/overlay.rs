//! The overlay on Windows: a window of its own that the session window owns, so that it always lies above it. The page's
//! pixels come from another process (WebView2), over which no child window of ours can be drawn.
#![allow(unsafe_code, reason = "Win32 offers no other way; what makes a block sound stands beside it")]

use std::{
    cell::{Cell, RefCell},
    ffi::c_void,
    mem, ptr,
    rc::Rc,
};

use amberglass_app::view::SessionWindowView;
use amberglass_overlay::{Area, Bitmap, CurtainAction, PixelOrder, Surface, Theme};
use tauri::Window;
use windows::{
    Win32::{
        Foundation::{COLORREF, HWND, LPARAM, LRESULT, POINT, RECT, SIZE, WPARAM},
        Graphics::Gdi::{
            AC_SRC_ALPHA, AC_SRC_OVER, BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BLENDFUNCTION, ClientToScreen,
            CreateCompatibleDC, CreateDIBSection, DIB_RGB_COLORS, DeleteDC, DeleteObject, GetDC, ReleaseDC,
            SelectObject,
        },
        System::LibraryLoader::GetModuleHandleW,
        UI::Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO},
        UI::WindowsAndMessaging::{
            CreateWindowExW, DefWindowProcW, DestroyWindow, GWL_EXSTYLE, GetClientRect, GetForegroundWindow,
            GetWindowLongPtrW, IDC_ARROW, IsIconic, IsWindowVisible, LoadCursorW, MA_NOACTIVATE, RegisterClassW,
            SW_SHOWNOACTIVATE, SWP_NOACTIVATE, SWP_NOSIZE, SWP_NOZORDER, SetTimer, SetWindowDisplayAffinity,
            SetWindowLongPtrW, SetWindowPos, ShowWindow, ULW_ALPHA, UpdateLayeredWindow, WDA_EXCLUDEFROMCAPTURE,
            WINDOW_EX_STYLE, WM_CLOSE, WM_DESTROY, WM_DPICHANGED, WM_LBUTTONDOWN, WM_LBUTTONUP, WM_MOUSEACTIVATE,
            WM_TIMER, WNDCLASSW, WS_EX_LAYERED, WS_EX_NOACTIVATE, WS_EX_TOOLWINDOW, WS_EX_TRANSPARENT, WS_POPUP,
        },
    },
    core::{PCWSTR, w},
};

use super::curtain_controls::{CurtainControls, FOCUS_MOVED};
use crate::session_window::{WindowError, give_up, painting::Painting, portal::Lock};

const CLASS: PCWSTR = w!("AmberglassOverlay");
/// Often enough that no second of the countdown is skipped.
const TICK_MILLIS: u32 = 250;

thread_local! {
    /// Windows tells a window by its handle alone, and there is one session window at a time.
    static LAID: RefCell<Option<Rc<Parts>>> = const { RefCell::new(None) };
}

/// Gone with its window when it is dropped.
pub struct Overlay {
    parts: Rc<Parts>,
}

struct Parts {
    session_window: Window,
    owner: HWND,
    handle: HWND,
    /// Logical pixels.
    bar: Cell<u32>,
    painting: Rc<RefCell<Painting>>,
    controls: CurtainControls,
    pressed: Cell<Option<CurtainAction>>,
    /// Milliseconds since the system started, as Windows counts them.
    last_input: Cell<u32>,
}

impl Overlay {
    /// Lays itself over all of `window` below the bar, whose height is in logical pixels.
    ///
    /// # Errors
    /// When the window or its first picture could not be made; the page must not be shown then.
    pub fn lay(window: &Window, view: &SessionWindowView, lock: &Lock, bar: u32) -> Result<Self, WindowError> {
        let owner = window.hwnd()?;
        let handle = create(owner).map_err(no_overlay)?;
        let painting = Rc::new(RefCell::new(Painting::new(view, lock, PixelOrder::Bgra)));
        let pressing = Rc::clone(&painting);
        let controls = CurtainControls::new(owner, handle, move |action| pressing.borrow().press(action));
        let parts = Rc::new(Parts {
            session_window: window.clone(),
            owner,
            handle,
            bar: Cell::new(bar),
            painting,
            controls: controls.map_err(no_overlay)?,
            pressed: Cell::default(),
            last_input: Cell::default(),
        });
        let overlay = Self { parts: Rc::clone(&parts) };
        parts.follow().map_err(no_overlay)?;
        LAID.set(Some(parts));
        Ok(overlay)
    }

    /// Paints this view from now on.
    pub fn show(&self, view: &SessionWindowView) {
        self.parts.painting.borrow_mut().show(view);
        self.parts.follow_or_fail();
    }

    /// Gives the curtain the keyboard; false when there is none.
    pub fn take_keyboard(&self) -> bool {
        let covers = self.parts.painting.borrow().covers_page();
        if covers {
            self.parts.controls.take_keyboard();
        }
        covers
    }

    /// The session window has moved, or has another size.
    pub fn place(&self, bar: u32) {
        self.parts.bar.set(bar);
        self.parts.follow_or_fail();
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        LAID.set(None);
        // SAFETY: made by this thread in `create`, and nobody else destroys it.
        if let Err(error) = unsafe { DestroyWindow(self.parts.handle) } {
            tracing::error!(%error, "the overlay's window could not be destroyed");
        }
    }
}

impl Parts {
    /// Pixels, place and click-through as they are to be now.
    fn follow(&self) -> windows::core::Result<()> {
        // SAFETY: both handles are windows of this thread. What has no size has nothing to be covered either.
        if unsafe { IsIconic(self.owner) }.as_bool() {
            return Ok(());
        }
        let scale = self.session_window.scale_factor().unwrap_or(1.0);
        let bar = (f64::from(self.bar.get()) * scale).round() as i32;
        let mut client = RECT::default();
        let mut at = POINT { x: 0, y: bar };
        // SAFETY: both are written by the calls and live longer than these.
        unsafe {
            GetClientRect(self.owner, &raw mut client)?;
            ClientToScreen(self.owner, &raw mut at).ok()?;
        }
        let (Ok(width), Ok(height)) = (u32::try_from(client.right), u32::try_from(client.bottom.saturating_sub(bar)))
        else {
            return Ok(());
        };
        if width == 0 || height == 0 {
            return Ok(());
        }
        let focused = self.controls.focused();
        let mut painting = self.painting.borrow_mut();
        let done = match painting.changed(Surface { width, height, scale }, self.theme(), focused) {
            Some(bitmap) => present(self.handle, at, bitmap),
            // SAFETY: as above; only its place changes.
            None => unsafe {
                SetWindowPos(self.handle, None, at.x, at.y, 0, 0, SWP_NOSIZE | SWP_NOZORDER | SWP_NOACTIVATE)
            },
        };
        if done.is_err() {
            painting.forget();
        }
        done?;
        let covers = painting.covers_page();
        let (sentence, placed) = (painting.sentence(), painting.placed());
        drop(painting);
        self.let_clicks_through(!covers);
        let below_bar = u32::try_from(bar).unwrap_or_default();
        self.controls.show(&sentence, placed, Area { x: 0, y: below_bar, width, height });
        // SAFETY: as above. Whoever has hidden it gets it back; one that is seen keeps its place among the others.
        unsafe {
            if !IsWindowVisible(self.handle).as_bool() {
                let _ = ShowWindow(self.handle, SW_SHOWNOACTIVATE);
            }
        }
        Ok(())
    }

    fn follow_or_fail(&self) {
        if let Err(error) = self.follow() {
            tracing::error!(%error, "the overlay could not be shown");
            self.give_up("the frame can't be drawn over the page");
        }
    }

    fn give_up(&self, detail: &str) {
        give_up(&self.session_window, self.painting.borrow().lock(), detail);
    }

    /// The page is in another process: only a window that Windows itself takes for transparent lets a click reach it.
    fn let_clicks_through(&self, through: bool) {
        // SAFETY: a window of this thread; the styles are bits of a number.
        unsafe {
            let before = GetWindowLongPtrW(self.handle, GWL_EXSTYLE);
            let transparent = WS_EX_TRANSPARENT.0 as isize;
            let after = if through { before | transparent } else { before & !transparent };
            if after != before {
                SetWindowLongPtrW(self.handle, GWL_EXSTYLE, after);
            }
        }
    }

    fn button_at(&self, place: LPARAM) -> Option<CurtainAction> {
        // Two signed halves; left of and above the window nothing can be pressed.
        let half = |bits: isize| u32::try_from(bits as u16 as i16).ok();
        self.painting.borrow().button_at(half(place.0)?, half(place.0 >> 16)?)
    }

    /// Keys and pointer go to the page's process; Windows says when there was input last, and whose window it was for.
    fn notice_input(&self) {
        let mut last = LASTINPUTINFO { cbSize: mem::size_of::<LASTINPUTINFO>() as u32, ..LASTINPUTINFO::default() };
        // SAFETY: written by the call, and its size is said.
        let is_ours = unsafe { GetForegroundWindow() == self.owner && GetLastInputInfo(&raw mut last).as_bool() };
        if is_ours && self.last_input.replace(last.dwTime) != last.dwTime {
            self.painting.borrow().input_seen();
        }
    }

    fn theme(&self) -> Theme {
        if matches!(self.session_window.theme(), Ok(tauri::Theme::Dark)) { Theme::Dark } else { Theme::Light }
    }
}

fn create(owner: HWND) -> windows::core::Result<HWND> {
    // SAFETY: the class's name and procedure live as long as the program; registering it once more changes nothing.
    unsafe {
        let module = GetModuleHandleW(PCWSTR::null())?;
        let class = WNDCLASSW {
            lpfnWndProc: Some(answer),
            hInstance: module.into(),
            hCursor: LoadCursorW(None, IDC_ARROW)?,
            lpszClassName: CLASS,
            ..WNDCLASSW::default()
        };
        RegisterClassW(&raw const class);
        let style: WINDOW_EX_STYLE = WS_EX_LAYERED | WS_EX_TRANSPARENT | WS_EX_NOACTIVATE | WS_EX_TOOLWINDOW;
        let owner = Some(owner);
        let handle = CreateWindowExW(
            style,
            CLASS,
            PCWSTR::null(),
            WS_POPUP,
            0,
            0,
            1,
            1,
            owner,
            None,
            Some(module.into()),
            None,
        )?;
        // The session window itself asks for the same. Before 10 2004 Windows shows both black in a capture.
        if let Err(error) = SetWindowDisplayAffinity(handle, WDA_EXCLUDEFROMCAPTURE) {
            tracing::warn!(%error, "the overlay can be captured");
        }
        SetTimer(Some(handle), 1, TICK_MILLIS, None);
        Ok(handle)
    }
}

/// The overlay's window procedure.
unsafe extern "system" fn answer(handle: HWND, message: u32, first: WPARAM, second: LPARAM) -> LRESULT {
    let laid = LAID.with_borrow(Clone::clone);
    match (message, laid) {
        (WM_TIMER, Some(parts)) => {
            parts.follow_or_fail();
            parts.notice_input();
        }
        (FOCUS_MOVED, Some(parts)) => parts.follow_or_fail(),
        // Its size is that of the session window on whatever screen, and its pixels are painted for that.
        (WM_DPICHANGED, Some(parts)) => parts.follow_or_fail(),
        // Both on the same button: a curtain that falls under a press is not meant by it.
        (WM_LBUTTONDOWN, Some(parts)) => parts.pressed.set(parts.button_at(second)),
        (WM_LBUTTONUP, Some(parts)) => {
            let released_on = parts.button_at(second);
            if let Some(action) = parts.pressed.take().filter(|pressed| Some(*pressed) == released_on) {
                parts.painting.borrow().press(action);
            }
        }
        // The keyboard stays where it is: in the bar, or at the curtain's own buttons.
        (WM_MOUSEACTIVATE, _) => return LRESULT(MA_NOACTIVATE as isize),
        // Only the session's end takes it away.
        (WM_CLOSE, _) => {}
        (WM_DESTROY, Some(parts)) => parts.give_up("the frame was taken from the page"),
        // SAFETY: what this procedure was called with, passed on.
        _ => return unsafe { DefWindowProcW(handle, message, first, second) },
    }
    LRESULT(0)
}

/// Puts the pixels on the screen, at this place of it.
fn present(handle: HWND, at: POINT, bitmap: &Bitmap) -> windows::core::Result<()> {
    let size = SIZE { cx: bitmap.width.cast_signed(), cy: bitmap.height.cast_signed() };
    let header = BITMAPINFOHEADER {
        biSize: mem::size_of::<BITMAPINFOHEADER>() as u32,
        biWidth: size.cx,
        // From the top down.
        biHeight: -size.cy,
        biPlanes: 1,
        biBitCount: 32,
        biCompression: BI_RGB.0,
        ..BITMAPINFOHEADER::default()
    };
    let info = BITMAPINFO { bmiHeader: header, ..BITMAPINFO::default() };
    let blend = BLENDFUNCTION {
        BlendOp: AC_SRC_OVER as u8,
        BlendFlags: 0,
        SourceConstantAlpha: u8::MAX,
        AlphaFormat: AC_SRC_ALPHA as u8,
    };
    let from = POINT::default();
    // SAFETY: the section holds width × height × 4 bytes, as many as the bitmap has; all that is made here is let go here.
    unsafe {
        let screen = GetDC(None);
        let memory = CreateCompatibleDC(Some(screen));
        let mut bits: *mut c_void = ptr::null_mut();
        let section = CreateDIBSection(Some(screen), &raw const info, DIB_RGB_COLORS, &raw mut bits, None, 0);
        let shown = section.and_then(|section| {
            ptr::copy_nonoverlapping(bitmap.pixels.as_ptr(), bits.cast::<u8>(), bitmap.pixels.len());
            let before = SelectObject(memory, section.into());
            let shown = UpdateLayeredWindow(
                handle,
                Some(screen),
                Some(&raw const at),
                Some(&raw const size),
                Some(memory),
                Some(&raw const from),
                COLORREF(0),
                Some(&raw const blend),
                ULW_ALPHA,
            );
            SelectObject(memory, before);
            let _ = DeleteObject(section.into());
            shown
        });
        let _ = DeleteDC(memory);
        ReleaseDC(None, screen);
        shown
    }
}

fn no_overlay(error: windows::core::Error) -> WindowError {
    WindowError::Overlay(error.to_string())
}
