//! What runs in every frame before the page's own scripts do, for doors that the engine has no switch for. There is no way back out of
//! the page, so nobody is told; and a page that is after it gets around it, by a frame whose scripts it takes before these come.

/// The printer, the older of two ways to the clipboard and the newer one, and the desktop's own sharing.
pub const KEPT_IN: &str = "{
    const set = (on, name, value) => Object.defineProperty(on, name, { value, writable: false, configurable: false });
    const own = Function.prototype.call.bind(Document.prototype.execCommand);
    const lower = Function.prototype.call.bind(String.prototype.toLowerCase);
    const text = String;
    const refuse = () => Promise.reject(new DOMException('Not allowed here', 'NotAllowedError'));
    set(window, 'print', () => {});
    set(Document.prototype, 'execCommand', function (command, ...rest) {
        const name = text(command);
        const lowered = lower(name);
        return lowered === 'print' || lowered === 'copy' || lowered === 'cut' ? false : own(this, name, ...rest);
    });
    if (window.Clipboard) {
        set(Clipboard.prototype, 'write', refuse);
        set(Clipboard.prototype, 'writeText', refuse);
    }
    set(Navigator.prototype, 'share', undefined);
    set(Navigator.prototype, 'canShare', undefined);
}";

/// Drags, where nothing else holds them back.
#[cfg(target_os = "macos")]
pub const NO_DRAGS: &str = "{
    const prevent = Function.prototype.call.bind(Event.prototype.preventDefault);
    window.addEventListener('dragstart', (event) => prevent(event), true);
}";
