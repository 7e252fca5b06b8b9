//! A server behind the gateway that answers badly: see `answers.rs` beside the table for what it sends.

use super::{Attack, Expected};

const READ: &str = "what came is read as a page or not at all, and nothing was refused";

pub(super) const ATTACKS: &[Attack] = &[
    Attack::new(
        "redirect-circle",
        "is sent in circles by its server",
        "location.href = '/hostile/answer/circle?round=0';",
        Expected::Covered("portal_unreachable"),
    )
    .quick(),
    Attack::nothing(
        "redirect-circle-inside",
        "fetches what goes in circles",
        READ,
        "await fetch('/hostile/answer/circle?round=0'); return 'through: an end was found';",
    ),
    Attack::nothing("slow-body", "comes byte by byte", READ, "make('iframe', { src: '/hostile/answer/slow' });"),
    Attack::nothing(
        "slow-body-inside",
        "fetches what comes byte by byte",
        READ,
        "const answer = await fetch('/hostile/answer/slow'); await answer.text(); return 'read';",
    ),
    Attack::nothing(
        "no-answer",
        "waits for an answer that does not come",
        "the page stands until the gateway gives up, and may be left at any time",
        "make('iframe', { src: '/hostile/answer/silence' });",
    ),
    Attack::nothing(
        "gigabyte",
        "reads a gigabyte",
        "reading is allowed, and it is let go piece by piece",
        "const reader = (await fetch('/hostile/answer/gigabyte')).body.getReader();
         let read = 0; for (;;) { const { done, value } = await reader.read(); if (done) break; read += value.length; }
         return `read ${read}`;",
    ),
    Attack::nothing(
        "encoding-utf7",
        "is written in a way that hides its tags",
        READ,
        "location.href = `/hostile/answer/utf7?run=${run}`;",
    ),
    Attack::nothing(
        "encoding-utf16",
        "says another alphabet than it is written in",
        READ,
        "make('iframe', { src: '/hostile/answer/utf16' });",
    )
    .visual(),
    Attack::nothing(
        "encoding-broken",
        "is made of bytes that are no text",
        READ,
        "make('iframe', { src: '/hostile/answer/bytes' });",
    )
    .visual(),
    Attack::nothing(
        "encoding-packed",
        "says that it is packed and is not",
        READ,
        "await fetch('/hostile/answer/packed').then((answer) => answer.text()); return 'read';",
    ),
    Attack::nothing(
        "entities",
        "unfolds a document without end",
        READ,
        "make('iframe', { src: '/hostile/answer/entities' });",
    ),
    Attack::nothing(
        "refresh-header",
        "has itself refreshed by its server",
        "the gateway takes that out of the answer",
        "make('iframe', { src: '/hostile/answer/refresh' });",
    ),
    Attack::nothing(
        "preload-header",
        "has another origin loaded by its server",
        "the gateway takes that out of the answer",
        "make('iframe', { src: '/hostile/answer/preload' });",
    ),
    Attack::nothing(
        "cookie-flood",
        "gets hundreds of cookies",
        "the gateway keeps as many as its jar holds and shows the page none of them unasked",
        "await fetch('/hostile/answer/cookies'); return document.cookie.length > 8000 ? 'through: all of them' : 'few';",
    ),
    Attack::nothing(
        "header-flood",
        "gets more head than body",
        READ,
        "const answer = await fetch('/hostile/answer/headers'); return `status ${answer.status}`;",
    ),
];
