//! What a page may show: covers, imitations, menus over the edge. The host draws above all of it.

use super::{Attack, Trigger};

const DRAWN: &str = "a page may draw what it likes inside its own area";

pub(super) const ATTACKS: &[Attack] = &[
    Attack::nothing("draw-cover", "covers itself above every layer", DRAWN, "make('div', { className: 'cover' });").visual().quick(),
    Attack::nothing("draw-dialog", "covers itself in the top layer", DRAWN, "const dialog = make('dialog', { id: 'over' }); dialog.showModal();").visual(),
    Attack::nothing("draw-popover", "covers itself by a popover in the top layer", DRAWN, "const over = make('div', { id: 'over', popover: 'manual' }); over.showPopover();").visual(),
    Attack::nothing("draw-canvas", "paints itself over without a pause", DRAWN, "const canvas = make('canvas', { className: 'cover', width: 1280, height: 800 });
         const pen = canvas.getContext('2d');
         const paint = () => { pen.fillStyle = '#ff00ff'; pen.fillRect(0, 0, 1280, 800); requestAnimationFrame(paint); };
         paint();").visual(),
    Attack::nothing("draw-frame", "covers itself by a frame of its own", DRAWN, "make('iframe', { className: 'cover', srcdoc: '<body style=\"margin:0;background:#f0f\">' });").visual(),
    Attack::nothing("draw-bar", "draws a second bar", DRAWN, "const bar = make('div', { textContent: 'Viewing as Jane Doe · read-only · End session' });
         bar.style.cssText = 'position:fixed;inset:0 0 auto 0;height:64px;background:#f59e0b;color:#1c1917;padding:20px;font:bold 16px sans-serif';").visual(),
    Attack::nothing("draw-edge", "draws a frame of another colour along its edge", DRAWN, "make('div', {}).style.cssText = 'position:fixed;inset:0;border:12px solid #16a34a;box-sizing:border-box';").visual(),
    Attack::nothing("draw-curtain", "draws a curtain that says the session is over", DRAWN, "const curtain = make('div', { textContent: 'This session has ended.' });
         curtain.style.cssText = 'position:fixed;inset:0;background:#cfe;display:grid;place-items:center;font:24px sans-serif';").visual(),
    Attack::nothing("draw-countdown", "draws a countdown over the countdown", DRAWN, "const pill = make('div', { textContent: '99:59' });
         pill.style.cssText = 'position:fixed;right:0;bottom:0;padding:6px 20px;background:#16a34a;color:#fff;z-index:2147483647';").visual(),
    Attack::nothing("draw-menu", "opens a list of choices", "the list is a small window of the engine, which closes with the next click", "const list = make('select', {});
         for (let place = 0; place < 40; place += 1) list.add(new Option(`Session ended ${place}`));
         list.focus(); if (list.showPicker) list.showPicker();").click().visual(),
    Attack::nothing("draw-pointer", "hides the pointer", DRAWN, "document.documentElement.style.cursor = 'none';").visual(),
    Attack::nothing("draw-flicker", "flickers", DRAWN, "let on = false; setInterval(() => { on = !on; document.body.style.background = on ? '#f0f' : '#000'; }, 30);").visual(),
    Attack::nothing("draw-huge", "makes itself larger than any screen", DRAWN, "document.body.style.cssText = 'zoom: 5; width: 90000px; height: 90000px; background: #f0f'; scrollTo(40000, 40000);").visual(),
    Attack::nothing("title", "calls itself by the console's name", "the window's title is the host's, whatever the page is called", "document.title = 'Amberglass';"),
    Attack::nothing("icon", "shows the console's icon", "nothing of the window shows a page's icon", "make('link', { rel: 'icon', href: '/assets/mark.svg' });"),
    Attack::nothing("resize", "moves and resizes its window", "the engine moves only windows that a script has opened", "resizeTo(200, 100); moveTo(0, 0); resizeBy(-400, -300);").click(),
    Attack::nothing("focus", "takes the keyboard again and again", "a page can only move the keyboard within itself", "for (let round = 0; round < 50; round += 1) { window.focus(); make('input', {}).focus(); }"),
    Attack::nothing("blur", "puts its window behind others", "the engine leaves windows where they are", "for (let round = 0; round < 20; round += 1) window.blur();"),
    Attack::nothing("keys", "takes every key for itself", "the window's own keys are seen before the page", "addEventListener('keydown', (event) => { event.preventDefault(); event.stopImmediatePropagation(); }, true);").by(Trigger::Keys("F6")),
];
