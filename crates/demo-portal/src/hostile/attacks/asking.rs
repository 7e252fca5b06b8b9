//! What a page may ask of the person and of the machine: dialogs, devices, the whole screen, menus and tools.

use super::{Attack, Trigger};

const ABSENT: &str = "the engine does not have that interface";
const OFF: &str = "it is switched off in the engine, which refuses without asking the host";

pub(super) const ATTACKS: &[Attack] = &[
    Attack::refused("alert", "shows a dialog", "script_dialog", "alert('Your computer is locked. Call 555 0100.');")
        .quick()
        .visual(),
    Attack::refused(
        "confirm",
        "asks for a yes",
        "script_dialog",
        "return confirm('Allow?') ? 'through: confirmed' : 'refused';",
    ),
    Attack::refused(
        "prompt",
        "asks for a word",
        "script_dialog",
        "return prompt('Your password') === null ? 'refused' : 'through: answered';",
    ),
    Attack::refused(
        "alert-loop",
        "shows a dialog again and again",
        "script_dialog",
        "for (let round = 0; round < 20; round += 1) alert(`Round ${round}`); return 'over';",
    ),
    Attack::nothing(
        "colour",
        "asks for a colour",
        "the engine opens no such dialog here, and none stands on the desk",
        "make('input', { type: 'color' }).click();",
    )
    .click(),
    Attack::nothing(
        "password",
        "has its server ask for a name and a password",
        "the gateway takes the question out of the answer",
        "make('iframe', { src: '/hostile/answer/password' });",
    )
    .visual(),
    Attack::nothing("full-screen", "fills the screen", OFF, "await document.documentElement.requestFullscreen();
         return document.fullscreenElement ? 'through: filled' : 'refused';")
        .click()
        .visual()
        .quick(),
    Attack::nothing("full-screen-video", "fills the screen with a film", OFF, "const film = make('video', {});
         film.webkitEnterFullscreen(); return film.webkitDisplayingFullscreen ? 'through: filled' : 'refused';")
        .click(),
    Attack::nothing("camera", "uses the camera", OFF, "await navigator.mediaDevices.getUserMedia({ video: true });
         return 'through: granted';").click(),
    Attack::nothing("microphone", "listens", OFF, "await navigator.mediaDevices.getUserMedia({ audio: true });
         return 'through: granted';").click(),
    Attack::nothing("screen", "records the screen", OFF, "await navigator.mediaDevices.getDisplayMedia({ video: true });
         return 'through: granted';").click(),
    Attack::refused("place", "asks where the machine is", "permission", "return new Promise((finish) =>
         navigator.geolocation.getCurrentPosition(() => finish('through: granted'), (error) => finish(`refused ${error.code}`)));")
        .click()
        .quick(),
    Attack::nothing("notify", "asks to notify", "a page whose store is not kept is denied it by the engine without asking the host", "const answer = await Notification.requestPermission();
         return answer === 'granted' ? 'through: granted' : answer;").click(),
    Attack::nothing("notify-unasked", "notifies without asking", "nothing is shown without a permission, which nobody has", "new Notification('Call 555 0100');").visual(),
    Attack::refused("pointer", "keeps the pointer", "permission", "await document.documentElement.requestPointerLock();
         await pause(300); return document.pointerLockElement ? 'through: kept' : 'refused';").click(),
    Attack::nothing("devices", "looks for devices on the wire and in the air", ABSENT, "const found = ['usb', 'bluetooth', 'serial', 'hid', 'requestMIDIAccess', 'share'].filter((name) => name in navigator);
         return found.length ? `through: ${found}` : 'absent';"),
    Attack::nothing("payment", "asks for a payment", ABSENT, "return 'PaymentRequest' in window ? 'through: there' : 'absent';"),
    Attack::nothing("peer", "speaks to another machine directly", OFF, "const found = ['RTCPeerConnection', 'WebTransport'].filter((name) => name in window);
         return found.length ? `through: ${found}` : 'absent';"),
    Attack::nothing("bridge", "looks for a bridge to the console", "there is none, and looking leaves no trace", "const found = Object.getOwnPropertyNames(window).filter((name) => /tauri|ipc|wry|amberglass/i.test(name));
         if (window.webkit && window.webkit.messageHandlers) found.push('messageHandlers');
         return found.length ? `through: ${found}` : 'absent';").quick(),
    Attack::nothing("protocol", "becomes the program for a scheme", ABSENT, "navigator.registerProtocolHandler('web+x', '/?%s'); return 'through: registered';"),
    Attack::refused("menu", "offers its menu", "context_menu", "").by(Trigger::RightClick).visual().quick(),
    Attack::refused("tools-f12", "leaves the developer tools to the keyboard", "developer_tools", "").by(Trigger::Keys("F12")).quick(),
    Attack::refused("tools-inspect", "leaves the developer tools to the keyboard", "developer_tools", "").by(Trigger::Keys("ctrl+shift+i")),
    Attack::refused("tools-gtk", "leaves the toolkit's inspector to the keyboard", "developer_tools", "").by(Trigger::Keys("ctrl+shift+d")).visual(),
    Attack::refused("tools-source", "leaves its source to the keyboard", "developer_tools", "").by(Trigger::Keys("ctrl+u")),
    Attack::nothing("zoom", "is made larger by the person", "zoom is allowed and nobody's business", "").by(Trigger::Keys("ctrl+plus")).visual(),
    Attack::nothing("zoom-back", "is made as large as before", "zoom is allowed and nobody's business", "").by(Trigger::Keys("ctrl+0")),
];
