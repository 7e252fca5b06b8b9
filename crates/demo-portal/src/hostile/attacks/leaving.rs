//! Out of the portal: other addresses, other schemes, other windows, and the end of this one.

use super::{Attack, Expected};

const BY_ENGINE: &str = "the engine itself refuses such an address before it asks the host";
const BY_POLICY: &str = "the content policy that the gateway adds stops it in the engine";

pub(super) const ATTACKS: &[Attack] = &[
    Attack::refused("navigate-other", "goes to another origin", "navigation", "location.href = other + '/x';").quick(),
    Attack::refused("navigate-replace", "replaces itself by another origin", "navigation", "location.replace(other);"),
    Attack::refused(
        "navigate-link",
        "presses a link to another origin itself",
        "navigation",
        "make('a', { href: other + '/x' }).click();",
    ),
    Attack::refused(
        "navigate-refresh",
        "has itself refreshed with another origin",
        "navigation",
        "make('meta', { httpEquiv: 'refresh', content: '0;url=' + other });",
    ),
    Attack::refused(
        "navigate-port",
        "goes to another port of its own host",
        "navigation",
        "location.href = `${location.protocol}//${location.hostname}:${Number(location.port) + 1}/`;",
    ),
    Attack::refused(
        "navigate-credentials",
        "puts a name before its own host",
        "navigation",
        "location.href = `${location.protocol}//x@${location.host}/`;",
    ),
    Attack::new(
        "redirect-other",
        "is sent to another origin by its server",
        "make('iframe', { src: '/hostile/answer/redirect-other' });",
        Expected::Blocked,
    ),
    Attack::refused("scheme-mail", "opens the mail program", "navigation", "location.href = 'mailto:a@b.test';")
        .quick(),
    Attack::refused("scheme-unknown", "opens a program by a scheme", "navigation", "location.href = 'zoommtg:x';"),
    Attack::refused(
        "scheme-console",
        "goes to the console's own pages",
        "navigation",
        "location.href = 'tauri://localhost/';",
    ),
    Attack::refused(
        "scheme-bridge",
        "calls the console's bridge",
        "navigation",
        "location.href = 'ipc://localhost/x';",
    ),
    Attack::refused(
        "scheme-source",
        "shows the source of a page",
        "navigation",
        "location.href = `view-source:${location.href}`;",
    ),
    Attack::nothing("scheme-file", "opens a file of the machine", BY_ENGINE, "location.href = 'file:///etc/passwd';"),
    Attack::refused(
        "scheme-data",
        "replaces itself by an address that carries a page",
        "download",
        "location.href = 'data:text/html,<h1>escaped</h1>';",
    ),
    Attack::refused(
        "scheme-blob",
        "replaces itself by a page it has made",
        "download",
        "location.href = URL.createObjectURL(new Blob(['<h1>escaped</h1>'], { type: 'text/html' }));",
    ),
    Attack::nothing(
        "scheme-script",
        "goes to an address that is a script",
        "it runs in the page itself and can do what the page can",
        "location.href = 'javascript:void(0)';",
    ),
    Attack::nothing(
        "form-other",
        "sends a form to another origin",
        BY_POLICY,
        "const form = make('form', { method: 'post', action: other + '/x' }); form.submit();",
    ),
    Attack::nothing("frame-other", "frames another origin", BY_POLICY, "make('iframe', { src: other + '/x' });"),
    Attack::nothing(
        "open",
        "opens a window with a click",
        "the engine's content filter refuses the address before the host is asked for a window",
        "return window.open(other + '/x') ? 'through: opened' : 'refused';",
    )
    .click(),
    Attack::refused(
        "open-blank",
        "opens an empty window with a click",
        "new_window",
        "return window.open('about:blank', '', 'width=300,height=200') ? 'through: opened' : 'refused';",
    )
    .click()
    .quick(),
    Attack::nothing(
        "open-unasked",
        "opens a window without a click",
        "the engine opens none without a gesture and does not ask the host",
        "return window.open('about:blank') ? 'through: opened' : 'refused';",
    ),
    Attack::refused(
        "target-blank",
        "presses a link for a new window with a click",
        "new_window",
        "make('a', { href: '/', target: '_blank' }).click();",
    )
    .click(),
    Attack::nothing(
        "close",
        "closes its window",
        "the engine closes only what a script has opened, and no script opens anything here",
        "window.close();",
    )
    .quick(),
    Attack::refused(
        "stay",
        "asks before it lets anybody leave",
        "script_dialog",
        "addEventListener('beforeunload', (event) => { event.preventDefault(); event.returnValue = 'stay'; });
         setTimeout(() => location.assign(`/hostile/rest?run=${run}`), 600);",
    )
    .click(),
];
