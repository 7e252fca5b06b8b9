//! Another origin, by every kind of request that a page can make. What counts is that nobody came there; the engine stops
//! these by the gateway's content policy and by its own filter, before the host's proxy would.

use super::{Attack, Expected};

const STOPPED: &str = "content policy and filter stop it in the engine, and nothing leaves it";

pub(super) const ATTACKS: &[Attack] = &[
    Attack::nothing("reach-fetch", "fetches", STOPPED, "await fetch(other + '/x', { mode: 'no-cors' }); return 'through: answered';").quick(),
    Attack::nothing("reach-post", "posts", STOPPED, "await fetch(other + '/x', { method: 'POST', body: 'x' }); return 'through: answered';"),
    Attack::nothing("reach-image", "loads a picture", STOPPED, "make('img', { src: other + '/x.png' });"),
    Attack::nothing("reach-script", "loads a script", STOPPED, "make('script', { src: other + '/x.js' });"),
    Attack::nothing("reach-style", "loads a style sheet", STOPPED, "make('link', { rel: 'stylesheet', href: other + '/x.css' });"),
    Attack::nothing("reach-font", "loads a font", STOPPED, "await new FontFace('x', `url(${other}/x.woff2)`).load(); return 'through: loaded';"),
    Attack::nothing("reach-film", "loads a film", STOPPED, "make('video', { src: other + '/x.mp4', autoplay: true, muted: true });"),
    Attack::nothing("reach-object", "embeds an object", STOPPED, "make('object', { data: other + '/x' });"),
    Attack::nothing("reach-import", "imports a module", STOPPED, "await import(other + '/x.js'); return 'through: loaded';"),
    Attack::nothing("reach-socket", "opens a socket", STOPPED, "return new Promise((finish) => {
         const socket = new WebSocket(other.replace(/^http/, 'ws') + '/x');
         socket.onopen = () => finish('through: open'); socket.onerror = () => finish('refused'); });"),
    Attack::nothing("reach-events", "listens to events", STOPPED, "return new Promise((finish) => {
         const events = new EventSource(other + '/x');
         events.onopen = () => finish('through: open'); events.onerror = () => { events.close(); finish('refused'); }; });"),
    Attack::nothing("reach-beacon", "sends a beacon", STOPPED, "navigator.sendBeacon(other + '/x', 'x');"),
    Attack::nothing("reach-ping", "has a link send a ping", "such pings are switched off in the engine", "make('a', { href: '#x', ping: other + '/x' }).click();"),
    Attack::nothing("reach-prefetch", "prefetches and preconnects", STOPPED, "make('link', { rel: 'prefetch', href: other + '/x' });
         make('link', { rel: 'preconnect', href: other }); make('link', { rel: 'dns-prefetch', href: other });"),
    Attack::nothing("reach-worker", "fetches in a worker", STOPPED, "return new Promise((finish) => {
         const worker = new Worker(`/hostile/worker.js?other=${encodeURIComponent(other)}`);
         worker.onmessage = (event) => finish(JSON.stringify(event.data).includes('answered') ? 'through: answered' : 'refused');
         worker.onerror = () => finish('refused'); });"),
    Attack::nothing("reach-srcdoc", "fetches in a frame it has written itself", STOPPED, "make('iframe', { srcdoc: `<img src=\"${other}/x.png\"><script>fetch('${other}/x')</scr` + 'ipt>' });"),
    Attack::nothing("reach-style-text", "loads pictures by a style it has written", STOPPED, "make('style', { textContent: `@import url(${other}/x.css); body { background: url(${other}/x.png) }` });"),
    Attack::new("service-worker", "installs a service worker", "await navigator.serviceWorker.register('/hostile/worker.js'); return 'through: registered';", Expected::Blocked).quick(),
    Attack::new("write", "writes in the customer's name", "const answer = await fetch('/account/password', { method: 'POST', body: new URLSearchParams({ password: 'x' }) });
         return answer.ok ? 'through: written' : 'refused';", Expected::Blocked).quick(),
];
