//! What must be on the screen, measured in pixels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use amberglass_overlay::{
    Bitmap, Curtain, CurtainAction, CurtainButton, OverlayError, OverlayState, PixelOrder, Renderer, Surface, Theme,
    buttons, render,
};

const AMBER: [u8; 4] = [0xf5, 0x9e, 0x0b, 0xff];
const DARK_RED: [u8; 4] = [0x7f, 0x1d, 0x1d, 0xff];

fn surface(width: u32, height: u32, scale: f64) -> Surface {
    Surface { width, height, scale }
}

fn calm() -> OverlayState {
    OverlayState::new("AG-7K3QX", "01:30Z", 1661)
}

fn covered() -> OverlayState {
    let button = |action, label: &str| CurtainButton { action, label: label.to_owned() };
    let curtain = Curtain {
        title: "Connection lost".to_owned(),
        detail: vec!["The page is covered; your session goes on until 14:32.".to_owned()],
        reference: String::new(),
        buttons: vec![button(CurtainAction::EndSession, "End session"), button(CurtainAction::Retry, "Retry")],
        focused: None,
        theme: Theme::Light,
        over: false,
    };
    OverlayState { curtain: Some(curtain), ..calm() }
}

/// Every pixel as (x, y, bytes).
fn pixels(bitmap: &Bitmap) -> impl Iterator<Item = (u32, u32, [u8; 4])> {
    bitmap.pixels.as_chunks::<4>().0.iter().enumerate().map(|(i, pixel)| {
        let i = u32::try_from(i).unwrap();
        (i % bitmap.width, i / bitmap.width, *pixel)
    })
}

#[test]
fn the_frame_runs_round_all_edges_and_corners() {
    for (scale, thick) in [(1.0, 6), (1.5, 9), (2.0, 12)] {
        for (state, colour) in
            [(calm(), AMBER), (OverlayState { warning: true, ..calm() }, DARK_RED), (covered(), AMBER)]
        {
            let shown = render(&state, &surface(1280, 800, scale)).unwrap();
            let in_frame = |x, y| x < thick || y < thick || x >= 1280 - thick || y >= 800 - thick;
            let pill = |x, y| x > 1280 - 140 * thick / 6 && y > 800 - 40 * thick / 6;
            for (x, y, pixel) in pixels(&shown) {
                if in_frame(x, y) && !pill(x, y) {
                    assert_eq!(pixel, colour, "({x}, {y}) at scale {scale}");
                }
            }
            for (x, y) in [(0, 0), (1279, 0), (0, 799), (1279, 799)] {
                assert_eq!(shown.pixel(x, y), Some(colour));
            }
            assert_ne!(shown.pixel(thick, 400), Some(colour), "the frame is no thicker than it says");
        }
    }
}

#[test]
fn the_page_stays_visible_between_the_marks() {
    let shown = render(&calm(), &surface(1280, 800, 1.0)).unwrap();
    let clear = pixels(&shown).filter(|(_, _, pixel)| pixel[3] == 0).count();
    assert!(clear > 1280 * 800 * 85 / 100, "{clear} clear pixels");
    let strongest = pixels(&shown)
        .filter(|(x, y, _)| (20..1260).contains(x) && (20..740).contains(y))
        .map(|(_, _, pixel)| pixel[3])
        .max();
    assert_eq!(strongest, Some(23), "nine percent of 255");
}

#[test]
fn marks_show_on_white_and_on_black_and_more_strongly_when_told_so() {
    for page in [255_u8, 0, 0x80] {
        let seen = |opacity| {
            let state = OverlayState { watermark_opacity: opacity, ..calm() };
            let shown = render(&state, &surface(640, 400, 1.0)).unwrap();
            let in_page = pixels(&shown).filter(|(x, y, _)| (20..620).contains(x) && (20..350).contains(y));
            let differing: Vec<f64> = in_page
                .map(|(_, _, pixel)| {
                    let over = f64::from(pixel[1]) + f64::from(page) * f64::from(255 - pixel[3]) / 255.0;
                    contrast(over, f64::from(page))
                })
                .filter(|contrast| *contrast > 1.04)
                .collect();
            (differing.len(), differing.iter().copied().fold(1.0, f64::max))
        };
        let (many, usual) = seen(0.09);
        let (_, faint) = seen(0.06);
        let (_, strong) = seen(0.20);
        assert!(many > 1500, "page {page}: {many} pixels of marks");
        assert!(usual >= 1.08, "page {page}: contrast {usual:.3}");
        assert!(faint < usual && usual < strong, "page {page}: {faint:.3} {usual:.3} {strong:.3}");
    }
}

/// WCAG contrast of two greys.
fn contrast(a: f64, b: f64) -> f64 {
    let luminance = |v: f64| {
        let c = v / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn another_code_or_minute_gives_other_marks() {
    let size = surface(640, 400, 1.0);
    let base = render(&calm(), &size).unwrap();
    assert_ne!(base, render(&OverlayState { session_code: "AG-7K3QY".to_owned(), ..calm() }, &size).unwrap());
    assert_ne!(base, render(&OverlayState { utc_minute: "01:31Z".to_owned(), ..calm() }, &size).unwrap());
}

#[test]
fn the_curtain_lets_no_pixel_of_the_page_through() {
    for theme in [Theme::Light, Theme::Dark] {
        for size in [
            surface(1280, 800, 1.0),
            surface(2560, 1600, 2.0),
            surface(320, 200, 1.0),
            surface(33, 17, 1.25),
            surface(1, 1, 4.0),
        ] {
            let mut state = covered();
            state.curtain.as_mut().unwrap().theme = theme;
            let shown = render(&state, &size).unwrap();
            assert!(pixels(&shown).all(|(_, _, pixel)| pixel[3] == 255), "{size:?}");
        }
    }
    let light = render(&covered(), &surface(1280, 800, 1.0)).unwrap();
    assert_eq!(light.pixel(100, 100), Some([0xe7, 0xe5, 0xe4, 0xff]));
}

#[test]
fn the_pill_keeps_its_shape_while_the_digits_change() {
    let size = surface(900, 560, 1.0);
    let shape = |seconds| {
        let shown = render(&OverlayState { remaining_seconds: seconds, ..calm() }, &size).unwrap();
        // The row just under the pill's upper edge holds no letters.
        (700..900).map(|x| shown.pixel(x, 535).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(shape(11 * 60 + 11), shape(20 * 60));
    assert_ne!(shape(11 * 60 + 11), shape(9 * 60 + 59), "one digit fewer is narrower");
}

#[test]
fn time_below_zero_looks_like_zero() {
    let size = surface(900, 560, 1.0);
    let at = |remaining_seconds| render(&OverlayState { remaining_seconds, ..calm() }, &size).unwrap();
    assert_eq!(at(0), at(-90));
    assert_ne!(at(0), at(1));
}

#[test]
fn every_button_can_be_pressed_where_it_is_seen() {
    for size in [surface(1280, 800, 1.0), surface(2560, 1600, 2.0), surface(320, 200, 1.0), surface(360, 640, 1.5)] {
        for text_scale in [1.0, 2.0] {
            let state = OverlayState { text_scale, ..covered() };
            let shown = render(&state, &size).unwrap();
            let placed = buttons(&state, &size);
            let actions: Vec<_> = placed.iter().map(|button| button.action).collect();
            assert_eq!(actions, [CurtainAction::EndSession, CurtainAction::Retry]);
            assert_eq!(placed[1].label, "Retry");
            // Only Retry is filled with the accent colour.
            let retry = placed[1].area;
            for (x, y, pixel) in pixels(&shown).filter(|(_, _, pixel)| *pixel == [0x0f, 0x76, 0x6e, 0xff]) {
                let inside = x >= retry.x && x < retry.x + retry.width && y >= retry.y && y < retry.y + retry.height;
                assert!(inside, "({x}, {y}) of {size:?} at text {text_scale}: {pixel:?} outside {retry:?}");
            }
            for button in &placed {
                assert!(button.area.width * button.area.height > 400, "{size:?} at text {text_scale}: {button:?}");
                let reaches = (button.area.x + button.area.width, button.area.y + button.area.height);
                assert!(reaches.0 <= size.width && reaches.1 <= size.height);
            }
            assert!(placed[0].area.x + placed[0].area.width <= placed[1].area.x || placed[0].area.y < placed[1].area.y);
        }
    }
}

#[test]
fn without_a_curtain_there_is_nothing_to_press() {
    assert_eq!(buttons(&calm(), &surface(640, 400, 1.0)), []);
    assert_eq!(buttons(&covered(), &surface(0, 400, 1.0)), []);
}

#[test]
fn a_session_that_is_over_has_no_amber_left_and_counts_nothing_down() {
    for theme in [Theme::Light, Theme::Dark] {
        let mut state = covered();
        let curtain = state.curtain.as_mut().unwrap();
        (curtain.over, curtain.theme) = (true, theme);
        let size = surface(900, 560, 1.0);
        let shown = render(&state, &size).unwrap();
        assert!(pixels(&shown).all(|(_, _, pixel)| pixel != AMBER && pixel != DARK_RED), "{theme:?}");
        state.remaining_seconds -= 600;
        assert_eq!(shown, render(&state, &size).unwrap(), "{theme:?}");
    }
}

#[test]
fn idleness_turns_the_frame_dark_red_and_says_so() {
    let size = surface(900, 560, 1.0);
    let idle = OverlayState { idle_seconds: Some(58), ..calm() };
    let shown = render(&idle, &size).unwrap();
    assert_eq!(shown.pixel(0, 0), Some(DARK_RED));
    let later = render(&OverlayState { idle_seconds: Some(57), ..calm() }, &size).unwrap();
    assert_ne!(shown, later);
}

#[test]
fn larger_text_makes_the_curtain_and_the_countdown_larger_and_leaves_the_marks() {
    let size = surface(1280, 800, 1.0);
    let red = |state: OverlayState| {
        let shown = render(&OverlayState { warning: true, ..state }, &size).unwrap();
        pixels(&shown).filter(|(_, _, pixel)| *pixel == DARK_RED).count()
    };
    assert!(red(OverlayState { text_scale: 2.0, ..calm() }) > red(calm()) + 3000);
    let area = |text_scale| buttons(&OverlayState { text_scale, ..covered() }, &size)[1].area;
    assert_eq!(area(2.0).height, 2 * area(1.0).height);
    assert_eq!(area(f32::NAN), area(1.0));
    assert_eq!(area(9.0), area(2.0), "no larger than that");
    let marks = |text_scale| {
        let shown = render(&OverlayState { text_scale, ..calm() }, &size).unwrap();
        (0..700).flat_map(|y| (0..1280).map(move |x| (x, y))).map(|(x, y)| shown.pixel(x, y)).collect::<Vec<_>>()
    };
    assert!(marks(1.0) == marks(2.0));
}

#[test]
fn the_focused_button_has_a_ring() {
    let size = surface(900, 560, 1.0);
    let mut state = covered();
    let without = render(&state, &size).unwrap();
    state.curtain.as_mut().unwrap().focused = Some(CurtainAction::EndSession);
    let ringed = render(&state, &size).unwrap();
    let accent = |b: &Bitmap| pixels(b).filter(|(_, _, pixel)| *pixel == [0x0f, 0x76, 0x6e, 0xff]).count();
    assert!(accent(&ringed) > accent(&without) + 200);
}

#[test]
fn a_tick_repaints_the_pill_only_and_leaves_the_same_picture() {
    let size = surface(1280, 800, 1.0);
    let mut renderer = Renderer::new(PixelOrder::Bgra);
    let mut state = calm();
    let first = renderer.render(&state, &size).unwrap();
    assert_eq!(first.damage, Some(first.bitmap.area()));
    assert_eq!(renderer.render(&state, &size).unwrap().damage, None, "nothing changed");

    let before = renderer.render(&state, &size).unwrap().bitmap.clone();
    state.remaining_seconds -= 1;
    let after = renderer.render(&state, &size).unwrap();
    let damage = after.damage.unwrap();
    assert!(damage.width < 100 && damage.height < 40, "{damage:?}");
    for ((x, y, old), (_, _, new)) in pixels(&before).zip(pixels(after.bitmap)) {
        let inside = x >= damage.x && x < damage.x + damage.width && y >= damage.y && y < damage.y + damage.height;
        assert!(inside || old == new, "({x}, {y}) changed outside {damage:?}");
    }
}

#[test]
fn a_renderer_never_differs_from_a_fresh_painting() {
    let mut renderer = Renderer::new(PixelOrder::Bgra);
    let warning = OverlayState { warning: true, ..calm() };
    let seconds = |state: &OverlayState, remaining_seconds| OverlayState { remaining_seconds, ..state.clone() };
    let large = surface(901, 563, 1.25);
    let steps = [
        (seconds(&calm(), 1661), surface(900, 560, 1.0)),
        (seconds(&calm(), 1660), surface(900, 560, 1.0)),
        (seconds(&calm(), 600), surface(900, 560, 1.0)),
        (seconds(&calm(), 599), surface(900, 560, 1.0)),
        (seconds(&calm(), 598), large),
        (seconds(&warning, 299), large),
        (seconds(&warning, 298), large),
        (seconds(&covered(), 298), large),
        (seconds(&covered(), 297), large),
        (seconds(&calm(), 296), large),
        (OverlayState { utc_minute: "01:31Z".to_owned(), ..calm() }, large),
        (OverlayState { watermark_opacity: 0.2, ..calm() }, large),
        (OverlayState { idle_seconds: Some(58), ..calm() }, large),
        (OverlayState { idle_seconds: Some(57), ..calm() }, large),
        (OverlayState { text_scale: 1.5, ..calm() }, large),
        (OverlayState { watermark_opacity: f32::NAN, ..calm() }, large),
        (seconds(&calm(), -3), surface(20, 20, 3.0)),
        (seconds(&calm(), 4000), surface(20, 20, 3.0)),
        (seconds(&calm(), 4001), surface(20, 20, 3.0)),
    ];
    for (step, (state, size)) in steps.iter().enumerate() {
        let mut fresh = render(state, size).unwrap();
        fresh.reorder(PixelOrder::Bgra);
        assert!(*renderer.render(state, size).unwrap().bitmap == fresh, "step {step}");
    }
}

#[test]
fn after_an_error_a_renderer_holds_no_old_picture() {
    let mut renderer = Renderer::new(PixelOrder::Rgba);
    let size = surface(640, 400, 1.0);
    renderer.render(&calm(), &size).unwrap();
    renderer.render(&calm(), &surface(0, 400, 1.0)).unwrap_err();
    assert!(renderer.render(&calm(), &size).unwrap().damage.is_some(), "painted anew");
}

#[test]
fn an_impossible_surface_is_refused() {
    for (width, height) in [(0, 0), (0, 10), (10, 0), (16_385, 10), (u32::MAX, u32::MAX)] {
        assert_eq!(render(&calm(), &surface(width, height, 1.0)), Err(OverlayError::SurfaceSize { width, height }));
    }
    for scale in [0.0, -1.0, 0.2, 8.1, f64::INFINITY, f64::NAN] {
        assert!(matches!(render(&calm(), &surface(100, 100, scale)), Err(OverlayError::Scale(_))), "{scale}");
    }
}

#[test]
fn byte_orders_differ_in_red_and_blue_only() {
    let mut bitmap = render(&calm(), &surface(64, 64, 1.0)).unwrap();
    let original = bitmap.clone();
    bitmap.reorder(PixelOrder::Bgra);
    assert_eq!(bitmap.pixel(0, 0), Some([0x0b, 0x9e, 0xf5, 0xff]));
    bitmap.reorder(PixelOrder::Bgra);
    bitmap.reorder(PixelOrder::Rgba);
    assert_eq!(bitmap, original);
}
