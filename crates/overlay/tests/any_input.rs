//! No surface, no text and no number may stop the overlay from being painted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use amberglass_overlay::{Curtain, CurtainAction, CurtainButton, OverlayState, Surface, Theme, buttons, render};
use proptest::prelude::*;

fn surfaces() -> impl Strategy<Value = Surface> {
    let side = |most: u32| prop_oneof![1..64_u32, 64..1200_u32, 1200..=most];
    (side(4000), side(3000), 0.5..=4.0_f64).prop_map(|(width, height, scale)| Surface { width, height, scale })
}

/// Letters of every script, and what is between them.
fn texts(longest: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(any::<char>(), 0..longest).prop_map(|chars| chars.into_iter().collect()),
        "[A-Z]{2}-[0-9A-Z]{5}",
        "[a-z ]{0,200}",
    ]
}

fn curtains() -> impl Strategy<Value = Curtain> {
    let action =
        prop_oneof![Just(CurtainAction::Retry), Just(CurtainAction::EndSession), Just(CurtainAction::CloseWindow)];
    let button = (action.clone(), texts(30)).prop_map(|(action, label)| CurtainButton { action, label });
    let theme = prop_oneof![Just(Theme::Light), Just(Theme::Dark)];
    let words = (texts(200), proptest::collection::vec(texts(300), 0..4), texts(20));
    let buttons = (proptest::collection::vec(button, 0..5), proptest::option::of(action));
    (words, buttons, theme, any::<bool>()).prop_map(|((title, detail, reference), (buttons, focused), theme, over)| {
        Curtain { title, detail, reference, buttons, focused, theme, over }
    })
}

fn states() -> impl Strategy<Value = OverlayState> {
    let numbers = (any::<i64>(), proptest::option::of(any::<i64>()), any::<f32>(), any::<f32>(), any::<bool>());
    (texts(60), texts(10), numbers, proptest::option::of(curtains())).prop_map(
        |(session_code, utc_minute, numbers, curtain)| {
            let (remaining_seconds, idle_seconds, watermark_opacity, text_scale, warning) = numbers;
            OverlayState {
                session_code,
                utc_minute,
                remaining_seconds,
                watermark_opacity,
                warning,
                idle_seconds,
                text_scale,
                curtain,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_state_is_painted_on_any_surface(state in states(), surface in surfaces()) {
        let shown = render(&state, &surface).unwrap();
        prop_assert_eq!((shown.width, shown.height), (surface.width, surface.height));
        prop_assert_eq!(shown.pixels.len(), surface.width as usize * surface.height as usize * 4);
        let over = state.curtain.as_ref().filter(|curtain| curtain.over).map(|curtain| curtain.theme);
        let frame = match over {
            Some(Theme::Light) => [0xc4, 0xbf, 0xba, 0xff],
            Some(Theme::Dark) => [0x57, 0x53, 0x4e, 0xff],
            None if state.warning || state.idle_seconds.is_some() => [0x7f, 0x1d, 0x1d, 0xff],
            None => [0xf5, 0x9e, 0x0b, 0xff],
        };
        prop_assert_eq!(shown.pixel(0, 0), Some(frame));
        let (pixels, rest) = shown.pixels.as_chunks::<4>();
        prop_assert!(rest.is_empty());
        prop_assert!(pixels.iter().all(|&[r, g, b, a]| r <= a && g <= a && b <= a), "premultiplied");
        if state.curtain.is_some() {
            prop_assert!(pixels.iter().all(|pixel| pixel[3] == 255), "the curtain is opaque");
        } else {
            prop_assert!(buttons(&state, &surface).is_empty());
        }
        for placed in buttons(&state, &surface) {
            let area = placed.area;
            prop_assert!(area.x + area.width <= surface.width && area.y + area.height <= surface.height);
        }
    }
}
