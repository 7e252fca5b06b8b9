//! No surface, no text and no number may stop the overlay from being painted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use amberglass_overlay::{Curtain, CurtainAction, CurtainButton, OverlayState, Surface, Theme, hit, render};
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
    (texts(200), texts(600), proptest::collection::vec(button, 0..5), proptest::option::of(action), theme)
        .prop_map(|(title, detail, buttons, focused, theme)| Curtain { title, detail, buttons, focused, theme })
}

fn states() -> impl Strategy<Value = OverlayState> {
    (texts(60), texts(10), any::<i64>(), any::<f32>(), any::<bool>(), proptest::option::of(curtains())).prop_map(
        |(session_code, utc_minute, remaining_seconds, watermark_opacity, warning, curtain)| OverlayState {
            session_code,
            utc_minute,
            remaining_seconds,
            watermark_opacity,
            warning,
            curtain,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_state_is_painted_on_any_surface(state in states(), surface in surfaces(), x in any::<f64>(), y in 0.0..3000.0_f64) {
        let shown = render(&state, &surface).unwrap();
        prop_assert_eq!((shown.width, shown.height), (surface.width, surface.height));
        prop_assert_eq!(shown.pixels.len(), surface.width as usize * surface.height as usize * 4);
        let frame = if state.warning { [0x7f, 0x1d, 0x1d, 0xff] } else { [0xf5, 0x9e, 0x0b, 0xff] };
        prop_assert_eq!(shown.pixel(0, 0), Some(frame));
        let (pixels, rest) = shown.pixels.as_chunks::<4>();
        prop_assert!(rest.is_empty());
        prop_assert!(pixels.iter().all(|&[r, g, b, a]| r <= a && g <= a && b <= a), "premultiplied");
        if state.curtain.is_some() {
            prop_assert!(pixels.iter().all(|pixel| pixel[3] == 255), "the curtain is opaque");
        } else {
            prop_assert_eq!(hit(&state, &surface, x, y), None);
        }
        let _ = hit(&state, &surface, y, x);
    }
}
