// Looks for bridges to the host, tries every way out, reports, and leaves last of all.
// ?other=ORIGIN: another origin to reach. ?stay=1: do not leave; each click on the button tries and reports one more
// thing with a gesture, and the last one is followed by leaving.
"use strict";

const query = new URL(location.href).searchParams;
const other = query.get("other");
const events = { beforeprint: 0, fullscreenchange: 0 };
addEventListener("beforeprint", () => (events.beforeprint += 1));
document.addEventListener("fullscreenchange", () => (events.fullscreenchange += 1));

function bridges() {
  const names = Object.getOwnPropertyNames(window).filter((name) => /tauri|ipc|webview|wry|amberglass/i.test(name));
  return {
    tauri: "__TAURI__" in window,
    tauri_internals: "__TAURI_INTERNALS__" in window,
    ipc: "ipc" in window,
    webkit_message_handlers: Boolean(window.webkit && window.webkit.messageHandlers),
    chrome_webview: Boolean(window.chrome && window.chrome.webview),
    rtc: "RTCPeerConnection" in window,
    web_transport: "WebTransport" in window,
    suspicious_names: names,
    cookies: document.cookie,
  };
}

// What a page may ask of the host. Tried once on load, without a gesture, and once each with a click of its own:
// a gesture counts for one of them only.
const ESCAPES = {
  print: (finish) => { window.print(); finish("returned"); },
  fullscreen: async (finish) => {
    await document.documentElement.requestFullscreen();
    finish(document.fullscreenElement ? "granted" : "refused");
    await document.exitFullscreen();
  },
  download: (finish) => { document.getElementById("download").click(); finish("clicked"); },
  data_download: (finish) => { document.getElementById("data-download").click(); finish("clicked"); },
  blob_download: (finish) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["escaped"]));
    link.download = "escaped-blob.txt";
    link.click();
    finish("clicked");
  },
  file: (finish) => { document.getElementById("file").click(); finish("clicked"); },
  notification: async (finish) => finish(await Notification.requestPermission()),
  media: async (finish) => {
    await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    finish("granted");
  },
  location: (finish) =>
    navigator.geolocation.getCurrentPosition(() => finish("granted"), (error) => finish(`refused ${error.code}`)),
  clipboard_write: async (finish) => {
    await navigator.clipboard.writeText("escaped");
    finish("written");
  },
  clipboard_read: async (finish) => {
    await navigator.clipboard.readText();
    finish("read");
  },
  pointer_lock: async (finish) => {
    await document.documentElement.requestPointerLock();
    finish(document.pointerLockElement ? "granted" : "refused");
    document.exitPointerLock();
  },
  open_blank: (finish) => finish(window.open("about:blank") ? "opened" : "refused"),
  open: (finish) => finish(window.open(`${other || ""}/from-open`) ? "opened" : "refused"),
  // Last, and only with a click: where it is not refused, its picker keeps every further click from the page.
  screen: async (finish) => {
    await navigator.mediaDevices.getDisplayMedia({ video: true });
    finish("granted");
  },
};

async function escapes() {
  const outcomes = {};
  for (const [name, start] of Object.entries(ESCAPES)) {
    if (name !== "screen") outcomes[name] = await attempt(start);
  }
  return outcomes;
}

async function report(stage, findings) {
  const json = JSON.stringify({ stage, ...findings, events });
  document.getElementById("findings").textContent = JSON.stringify(JSON.parse(json), null, 2);
  await Promise.allSettled([
    fetch("/hostile/report", { method: "POST", headers: { "content-type": "application/json" }, body: json }),
    fetch(`/hostile/report?json=${encodeURIComponent(json)}`),
  ]);
  document.title = `probe ${stage}`;
}

function leave() {
  if (other) location.href = `${other}/from-navigation`;
}

const button = document.getElementById("next");
const left = Object.keys(ESCAPES);

button.addEventListener("click", async () => {
  const name = left.shift();
  if (!name) return;
  button.textContent = left.length > 0 ? `Next: ${left[0]}` : "Leave";
  const outcome = await attempt(ESCAPES[name]);
  await report("clicked", { escape: name, outcome, left: left.length });
  if (left.length === 0) leave();
});

(async () => {
  const findings = { bridges: bridges() };
  if (other) findings.reach = await reach(other);
  findings.escapes = await escapes();
  await report("loaded", findings);
  if (!query.has("stay")) leave();
})();
