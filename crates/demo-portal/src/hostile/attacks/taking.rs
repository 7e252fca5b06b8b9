//! Out of the window with the customer's data: downloads, paper, files in, text dragged or copied out.

use super::{Attack, Expected, Trigger};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::refused(
        "download-link",
        "downloads one of its own files",
        "download",
        "make('a', { href: '/hostile/probe.js', download: 'escaped.js' }).click();",
    )
    .click()
    .quick(),
    Attack::refused(
        "download-data",
        "downloads what an address carries",
        "download",
        "make('a', { href: 'data:text/plain,escaped', download: 'escaped.txt' }).click();",
    )
    .click(),
    Attack::refused(
        "download-blob",
        "downloads what it has made",
        "download",
        "make('a', { href: URL.createObjectURL(new Blob(['escaped'])), download: 'escaped-blob.txt' }).click();",
    )
    .click()
    .quick(),
    Attack::refused(
        "download-unasked",
        "downloads what it has made without a click",
        "download",
        "make('a', { href: URL.createObjectURL(new Blob(['escaped'])), download: 'escaped-blob.txt' }).click();",
    ),
    Attack::new(
        "download-attachment",
        "loads what its server marks as a file",
        "make('iframe', { src: '/hostile/answer/attachment' });",
        Expected::Blocked,
    ),
    Attack::new(
        "download-half",
        "loads a file that breaks off in the middle",
        "make('iframe', { src: '/hostile/answer/half-attachment' });",
        Expected::Blocked,
    ),
    Attack::refused(
        "upload",
        "asks for a file",
        "upload",
        "const file = make('input', { type: 'file' });
         file.onchange = () => report('done', 'through: chosen');
         file.click();",
    )
    .click()
    .quick(),
    Attack::refused(
        "upload-folder",
        "asks for a folder",
        "upload",
        "make('input', { type: 'file', webkitdirectory: true, multiple: true }).click();",
    )
    .click(),
    Attack::nothing(
        "upload-picker",
        "asks for a file by the newer way",
        "the engine does not have that interface",
        "return 'showOpenFilePicker' in window ? 'through: there' : 'absent';",
    ),
    Attack::refused("print", "prints itself", "print", "window.print();").quick().visual(),
    Attack::refused(
        "print-frame",
        "has a frame print itself",
        "print",
        "const frame = make('iframe', { src: '/hostile/probe.js' });
         await new Promise((loaded) => { frame.onload = loaded; });
         frame.contentWindow.print();",
    ),
    Attack::nothing("print-keys", "leaves printing to the keyboard", "no key of this window prints", "")
        .by(Trigger::Keys("ctrl+p")),
    Attack::refused(
        "drag-out",
        "has a text dragged out of it",
        "drag_out",
        "const bait = make('div', { draggable: true, textContent: 'escaped '.repeat(2000) });
         bait.style.cssText = 'position: fixed; inset: 0; overflow: hidden; font-size: 20px';
         bait.ondragstart = (event) => event.dataTransfer.setData('text/plain', 'escaped');",
    )
    .by(Trigger::DragOut)
    .visual()
    .quick(),
    Attack::refused(
        "copy",
        "copies its own text with a click",
        "clipboard",
        "const text = make('textarea', { value: 'escaped to the clipboard' }); text.select(); document.execCommand('copy');",
    )
    .click()
    .quick(),
    Attack::refused(
        "copy-handler",
        "puts other words than are selected on the clipboard with a click",
        "clipboard",
        "addEventListener('copy', (event) => {
           event.clipboardData.setData('text/plain', 'escaped to the clipboard'); event.preventDefault();
         });
         getSelection().selectAllChildren(document.body); document.execCommand('copy');",
    )
    .click(),
    Attack::nothing(
        "copy-newer",
        "writes to the clipboard by the newer way",
        "it is switched off in the engine, which does not have that interface then",
        "return navigator.clipboard ? 'through: there' : 'absent';",
    )
    .click(),
    Attack::nothing(
        "copy-selection",
        "selects its own text, which a desktop takes for copied",
        "selecting is allowed, and the host takes what is selected back from the desktop",
        "make('p', { textContent: 'escaped by selection' }); getSelection().selectAllChildren(document.body); await pause(300);",
    ),
    Attack::nothing(
        "copy-selection-away",
        "selects its own text once the keyboard has left it",
        "whoever has the keyboard, what is selected is taken back from the desktop",
        "make('p', { textContent: 'escaped by selection' });
         addEventListener('blur', async () => {
           getSelection().removeAllRanges(); getSelection().selectAllChildren(document.body);
           await pause(300);
           await fetch('/hostile/probe.js');
         }, { once: true });",
    ),
    Attack::nothing(
        "marker",
        "leaves a word wherever a page can leave anything",
        "its store lives in memory and is gone with the window",
        r#"const marker = "quartz-lantern-58213", kept = [];
         const keep = async (name, work) => { try { await work(); kept.push(name); } catch { } };
         await keep("title", () => { document.title = marker; });
         await keep("cookie", () => { document.cookie = `marker=${marker}; max-age=86400`; });
         await keep("local", () => localStorage.setItem(marker, marker.repeat(100)));
         await keep("tab", () => sessionStorage.setItem(marker, marker));
         await keep("history", () => history.pushState({ marker }, ""));
         await keep("name", () => { window.name = marker; });
         await keep("icon", () => make("link", { rel: "icon", href: `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><title>${marker}</title></svg>` }));
         await keep("database", () => new Promise((done, failed) => {
           const opening = indexedDB.open(marker);
           opening.onupgradeneeded = () => opening.result.createObjectStore(marker);
           opening.onerror = failed;
           opening.onsuccess = () => {
             const writing = opening.result.transaction(marker, "readwrite");
             writing.objectStore(marker).put(marker.repeat(1000), marker);
             writing.oncomplete = done;
             writing.onerror = failed;
           };
         }));
         await keep("cache", async () => (await caches.open(marker)).put("/hostile/kept", new Response(marker.repeat(1000))));
         return kept.join(" ");"#,
    ),
    Attack::nothing(
        "paste-unasked",
        "reads the clipboard without a click",
        "the engine refuses it without a gesture and does not ask the host",
        "await navigator.clipboard.readText(); return 'through: read';",
    ),
    Attack::nothing(
        "paste-command",
        "pastes by the older way",
        "the engine has it switched off for pages",
        "const text = make('textarea', {}); text.focus();
         return document.execCommand('paste') && text.value ? 'through: pasted' : 'refused';",
    ),
];
