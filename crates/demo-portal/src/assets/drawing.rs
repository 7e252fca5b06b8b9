//! Portraits of pets from a few shapes. Every look draws the same portrait always.

use maud::{Markup, html};

use crate::data::{Look, Species};

/// Fur, darker fur, lighter fur.
const COATS: [(&str, &str, &str); 6] = [
    ("#c98f5f", "#9a6238", "#f3dcc2"),
    ("#5b5148", "#3b342e", "#d9cfc4"),
    ("#e9dcc6", "#c9b595", "#fffaf0"),
    ("#8c5a3c", "#603b25", "#e6c3a4"),
    ("#a7a9a4", "#7b7e79", "#eeeeea"),
    ("#d8b48a", "#b0865a", "#fbeedd"),
];
const GROUNDS: [&str; 5] = ["#cfe0cf", "#f2d5cb", "#d4dfea", "#c6dedd", "#dcd3e6"];
const COLLARS: [&str; 5] = ["#b5523f", "#24523f", "#8a3f5c", "#2f6073", "#4d5a8c"];

impl Look {
    /// Where the portrait is served.
    pub fn path(self) -> String {
        format!("/assets/pets/{}-{}-{}-{}.svg", self.species.word(), self.coat, self.shape, self.ground)
    }

    /// Reads `dog-2-0-1`; anything out of range is no look.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let species = match parts.next()? {
            "dog" => Species::Dog,
            "cat" => Species::Cat,
            "rabbit" => Species::Rabbit,
            _ => return None,
        };
        let mut number = |limit: u8| parts.next()?.parse::<u8>().ok().filter(|number| *number < limit);
        let look = Self { species, coat: number(6)?, shape: number(3)?, ground: number(5)? };
        parts.next().is_none().then_some(look)
    }
}

pub(super) fn pet(look: Look) -> Markup {
    let (fur, dark, light) = COATS.get(usize::from(look.coat)).copied().unwrap_or_default();
    let ground = GROUNDS.get(usize::from(look.ground)).copied().unwrap_or_default();
    let collar = COLLARS.get(usize::from(look.ground)).copied().unwrap_or_default();
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" {
            rect width="120" height="120" fill=(ground) {}
            ellipse cx="60" cy="126" rx="37" ry="36" fill=(fur) {}
            ellipse cx="60" cy="128" rx="18" ry="27" fill=(light) {}
            path d="M35 95q25 14 50 0l2 9q-27 14-54 0z" fill=(collar) {}
            circle cx="60" cy="109" r="5" fill="#f4e3a8" stroke="#8d7a3c" stroke-width="1" {}
            @match look.species {
                Species::Dog => (dog(look.shape, fur, dark, light)),
                Species::Cat => (cat(look.shape, fur, dark, light)),
                Species::Rabbit => (rabbit(look.shape, fur, dark, light)),
            }
        }
    }
}

/// Draws `half` twice, the second time mirrored on the middle line.
fn both(half: &Markup) -> Markup {
    html! { (half) g transform="translate(120 0) scale(-1 1)" { (half) } }
}

fn eyes(y: u32, apart: u32) -> Markup {
    let eye = html! {
        circle cx=(60 - apart) cy=(y) r="4.3" fill="#2a211b" {}
    };
    html! {
        (both(&eye))
        circle cx=(61 - apart) cy=(y - 2) r="1.4" fill="#fff" {}
        circle cx=(61 + apart) cy=(y - 2) r="1.4" fill="#fff" {}
    }
}

fn dog(shape: u8, fur: &str, dark: &str, light: &str) -> Markup {
    let hanging = html! { path d="M34 34C15 32 10 62 18 80c4 9 17 7 19-3 2-12 1-26 6-36z" fill=(dark) {} };
    let standing = html! {
        path d="M27 52C22 34 22 18 27 13c8 3 20 14 25 24z" fill=(dark) {}
        path d="M31 44c-3-9-3-17-1-21 5 3 10 9 13 14z" fill=(light) opacity=".7" {}
    };
    let curls = html! {
        circle cx="24" cy="56" r="13" fill=(dark) {}
        circle cx="22" cy="72" r="11" fill=(dark) {}
        circle cx="29" cy="84" r="8" fill=(dark) {}
    };
    html! {
        @if shape == 1 { (both(&standing)) }
        path d="M60 24c21 0 34 14 34 35 0 22-15 37-34 37S26 81 26 59c0-21 13-35 34-35z" fill=(fur) {}
        @if shape == 0 { path d="M60 25c5 14 5 26 0 36-5-10-5-22 0-36z" fill=(light) {} }
        @if shape == 1 { path d="M64 42c12-7 24 0 24 14 0 8-8 12-15 9-8-4-13-12-9-23z" fill=(dark) opacity=".55" {} }
        @if shape == 2 {
            circle cx="46" cy="27" r="11" fill=(fur) {}
            circle cx="60" cy="22" r="13" fill=(fur) {}
            circle cx="74" cy="27" r="11" fill=(fur) {}
        }
        ellipse cx="60" cy="79" rx="19" ry="15" fill=(light) {}
        path d="M56 88h8v5a4 4 0 0 1-8 0z" fill="#d9747a" {}
        path d="M60 77v5m0 0q-5 6-11 3m11-3q5 6 11 3" fill="none" stroke="#2a211b" stroke-width="2" stroke-linecap="round" {}
        path d="M52 69q8-5 16 0 0 7-8 9-8-2-8-9z" fill="#2a211b" {}
        (eyes(57, 14))
        @if shape == 0 { (both(&hanging)) }
        @if shape == 2 { (both(&curls)) }
    }
}

fn cat(shape: u8, fur: &str, dark: &str, light: &str) -> Markup {
    let ear = html! {
        path d="M26 56C22 38 24 22 28 17c9 3 20 12 25 22z" fill=(fur) {}
        path d="M31 45c-2-9-1-15 0-18 5 3 10 8 13 13z" fill="#e3a9a0" {}
    };
    let cheek = html! { path d="M30 66l-13 8 10 1-5 9 14-3z" fill=(fur) {} };
    let whiskers = html! {
        path d="M40 77 16 73M40 81l-23 4" fill="none" stroke="#6b5f55" stroke-width="1.2" stroke-linecap="round" opacity=".7" {}
    };
    html! {
        (both(&ear))
        @if shape == 1 { (both(&cheek)) }
        ellipse cx="60" cy="64" rx="36" ry="31" fill=(fur) {}
        @if shape == 0 {
            path d="M60 34v13M51 35l2 11M69 35l-2 11" fill="none" stroke=(dark) stroke-width="4" stroke-linecap="round" {}
            (both(&html! { path d="M26 62l9 2M27 71l8 0" fill="none" stroke=(dark) stroke-width="3.5" stroke-linecap="round" {} }))
        }
        @if shape == 2 { (both(&html! { path d="M26 54C34 40 46 40 52 50c2 10-4 18-13 20-8 0-13-7-13-16z" fill=(dark) opacity=".5" {} })) }
        ellipse cx="52" cy="79" rx="11" ry="9" fill=(light) {}
        ellipse cx="68" cy="79" rx="11" ry="9" fill=(light) {}
        path d="M55.5 71h9l-4.5 5z" fill="#c9777a" {}
        path d="M60 76v4m0 0q-4 5-9 2m9-2q4 5 9 2" fill="none" stroke="#2a211b" stroke-width="1.8" stroke-linecap="round" {}
        (both(&whiskers))
        (eyes(61, 15))
    }
}

fn rabbit(shape: u8, fur: &str, dark: &str, light: &str) -> Markup {
    let upright = html! {
        path d="M50 44C38 34 34 12 40 4c9 2 18 20 18 36z" fill=(fur) {}
        path d="M50 38c-7-8-9-20-7-27 5 4 10 15 11 26z" fill="#e6b4ab" {}
    };
    let lop = html! { path d="M40 34C22 30 13 56 19 82c3 9 14 8 16-2 2-14 5-26 12-36z" fill=(dark) {} };
    let mane = html! { path d="M34 46l-14 4 9 7-12 8 12 5-7 11 15-2z" fill=(light) {} };
    html! {
        @if shape != 0 { (both(&upright)) }
        @if shape == 1 { (both(&mane)) }
        ellipse cx="60" cy="66" rx="31" ry="30" fill=(fur) {}
        @if shape == 2 { path d="M60 37c7 12 9 24 6 36H54c-3-12-1-24 6-36z" fill=(light) {} }
        ellipse cx="51" cy="80" rx="11" ry="9" fill=(light) {}
        ellipse cx="69" cy="80" rx="11" ry="9" fill=(light) {}
        rect x="56" y="84" width="8" height="8" rx="1.5" fill="#fff" {}
        path d="M60 84v8" stroke="#cfc6bb" stroke-width="1" {}
        path d="M55 73q5-3 10 0-1 4-5 5-4-1-5-5z" fill="#c9777a" {}
        path d="M60 78v3m0 0q-4 4-8 2m8-2q4 4 8 2" fill="none" stroke="#2a211b" stroke-width="1.7" stroke-linecap="round" {}
        (eyes(62, 15))
        @if shape == 0 { (both(&lop)) }
    }
}
