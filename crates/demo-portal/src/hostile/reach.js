// Ways to reach another origin. What counts as proof is what that origin saw; the outcomes here only help to read it.
"use strict";

const PATIENCE_MS = 2500;

// The outcome of one attempt, or "no answer": nothing here may hang the report.
function attempt(start) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("no answer"), PATIENCE_MS);
    const finish = (outcome) => {
      clearTimeout(timer);
      resolve(String(outcome).slice(0, 60));
    };
    try {
      Promise.resolve(start(finish)).catch((error) => finish(error.name || error));
    } catch (error) {
      finish(error.name || error);
    }
  });
}

function element(name, attributes) {
  return attempt((finish) => {
    const made = document.createElement(name);
    made.onload = () => finish("loaded");
    made.onerror = () => finish("error");
    Object.assign(made, attributes);
    document.body.append(made);
  });
}

async function reach(other) {
  const socket = other.replace(/^http/, "ws");
  const ways = {
    fetch: attempt(async (finish) => {
      await fetch(`${other}/from-fetch`, { mode: "no-cors" });
      finish("answered");
    }),
    fetch_cors: attempt(async (finish) => {
      await fetch(`${other}/from-fetch-cors`, { method: "POST", body: "x" });
      finish("answered");
    }),
    xhr: attempt((finish) => {
      const request = new XMLHttpRequest();
      request.onload = () => finish("answered");
      request.onerror = () => finish("error");
      request.open("GET", `${other}/from-xhr`);
      request.send();
    }),
    image: element("img", { src: `${other}/from-image.png` }),
    frame: element("iframe", { src: `${other}/from-frame` }),
    object: element("object", { data: `${other}/from-object` }),
    script: element("script", { src: `${other}/from-script.js` }),
    style: element("link", { rel: "stylesheet", href: `${other}/from-style.css` }),
    prefetch: element("link", { rel: "prefetch", href: `${other}/from-prefetch` }),
    preconnect: element("link", { rel: "preconnect", href: other }),
    media: attempt((finish) => {
      const video = document.createElement("video");
      video.onerror = () => finish("error");
      video.onloadstart = () => setTimeout(() => finish("started"), 1000);
      video.src = `${other}/from-video.mp4`;
      video.load();
    }),
    font: attempt(async (finish) => {
      await new FontFace("elsewhere", `url(${other}/from-font.woff2)`).load();
      finish("loaded");
    }),
    socket: attempt((finish) => {
      const made = new WebSocket(`${socket}/from-socket`);
      made.onopen = () => finish("open");
      made.onerror = () => finish("error");
    }),
    events: attempt((finish) => {
      const made = new EventSource(`${other}/from-events`);
      made.onopen = () => finish("open");
      made.onerror = () => { made.close(); finish("error"); };
    }),
    beacon: attempt((finish) => finish(navigator.sendBeacon(`${other}/from-beacon`, "x") ? "queued" : "refused")),
    worker: attempt((finish) => {
      const made = new Worker(`/hostile/worker.js?other=${encodeURIComponent(other)}`);
      made.onmessage = (event) => finish(JSON.stringify(event.data));
      made.onerror = () => finish("error");
    }),
    module_import: attempt(async (finish) => {
      await import(`${other}/from-import.js`);
      finish("loaded");
    }),
    form: attempt((finish) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: `${other}/from-form`, target: "form-target" });
      document.body.append(form);
      form.submit();
      finish("submitted");
    }),
    rtc: attempt(async (finish) => {
      const { hostname, port } = new URL(other);
      const peer = new RTCPeerConnection({ iceServers: [{ urls: `stun:${hostname}:${port}` }] });
      peer.createDataChannel("x");
      await peer.setLocalDescription(await peer.createOffer());
      finish("offered");
    }),
    service_worker: attempt(async (finish) => {
      await navigator.serviceWorker.register("/hostile/worker.js");
      finish("registered");
    }),
  };
  const outcomes = {};
  for (const [name, outcome] of Object.entries(ways)) outcomes[name] = await outcome;
  return outcomes;
}
