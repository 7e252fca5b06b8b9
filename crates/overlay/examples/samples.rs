//! Writes pictures of the overlay over a light and a dark page into a directory, and prints what painting costs:
//! `cargo run -p amberglass-overlay --example samples -- DIR`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::time::Instant;

use amberglass_overlay::{
    Bitmap, Curtain, CurtainAction, CurtainButton, OverlayState, PixelOrder, Renderer, Surface, Theme, render,
};

fn main() {
    let dir = std::env::args().nth(1).unwrap_or_else(|| panic!("which directory?"));
    let dir = Path::new(&dir);
    std::fs::create_dir_all(dir).unwrap();
    let calm = OverlayState::new("AG-7K3QX", "01:30Z", 1661);
    let warning = OverlayState { warning: true, remaining_seconds: 299, ..calm.clone() };
    let covered = OverlayState { curtain: Some(curtain(Theme::Light)), ..calm.clone() };
    let over = OverlayState {
        remaining_seconds: 0,
        curtain: Some(Curtain {
            title: "This session is over.".to_owned(),
            detail: vec!["It ended at 14:32 because its time was up. Everything you did is on record.".to_owned()],
            reference: String::new(),
            buttons: vec![button(CurtainAction::CloseWindow, "Close window")],
            focused: None,
            theme: Theme::Dark,
            over: true,
        }),
        ..calm.clone()
    };
    let covered_warning = OverlayState { curtain: Some(curtain(Theme::Dark)), ..warning.clone() };
    for (name, state) in [
        ("calm", &calm),
        ("warning", &warning),
        ("covered", &covered),
        ("over", &over),
        ("covered-warning", &covered_warning),
        ("idle", &OverlayState { idle_seconds: Some(58), ..calm.clone() }),
        ("covered-large", &OverlayState { text_scale: 2.0, ..covered.clone() }),
    ] {
        for (size, surface) in [
            ("1x", Surface { width: 900, height: 560, scale: 1.0 }),
            ("2x", Surface { width: 1800, height: 1120, scale: 2.0 }),
            ("tiny", Surface { width: 320, height: 200, scale: 1.0 }),
        ] {
            let bitmap = render(state, &surface).unwrap();
            save(&dir.join(format!("{name}-{size}-light.png")), &bitmap, [250, 250, 249]);
            save(&dir.join(format!("{name}-{size}-dark.png")), &bitmap, [28, 25, 23]);
        }
    }
    for (width, height, scale) in [(1280, 800, 1.0), (2560, 1600, 2.0), (3840, 2160, 2.0)] {
        measure(&Surface { width, height, scale }, &calm, &covered);
    }
}

fn curtain(theme: Theme) -> Curtain {
    Curtain {
        title: "Connection lost".to_owned(),
        detail: vec![
            "The page is covered; your session goes on until 14:32.".to_owned(),
            "It comes back by itself. Try again, or end the session and tell the portal team.".to_owned(),
        ],
        reference: "7f3a09c1".to_owned(),
        buttons: vec![button(CurtainAction::EndSession, "End session"), button(CurtainAction::Retry, "Retry")],
        focused: Some(CurtainAction::Retry),
        theme,
        over: false,
    }
}

fn button(action: CurtainAction, label: &str) -> CurtainButton {
    CurtainButton { action, label: label.to_owned() }
}

fn measure(surface: &Surface, calm: &OverlayState, covered: &OverlayState) {
    let median = |mut once: Box<dyn FnMut() + '_>| {
        let mut times: Vec<f64> = (0..15)
            .map(|_| {
                let start = Instant::now();
                once();
                start.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let whole = median(Box::new(|| drop(render(calm, surface).unwrap())));
    let curtain = median(Box::new(|| drop(render(covered, surface).unwrap())));
    let mut renderer = Renderer::new(PixelOrder::Bgra);
    let mut state = calm.clone();
    renderer.render(&state, surface).unwrap();
    let tick = median(Box::new(|| {
        state.remaining_seconds -= 1;
        renderer.render(&state, surface).unwrap();
    }));
    println!(
        "{}x{} at {}: whole {whole:.2} ms, curtain {curtain:.2} ms, tick {tick:.3} ms",
        surface.width, surface.height, surface.scale
    );
}

fn save(path: &Path, overlay: &Bitmap, page: [u8; 3]) {
    let (pixels, _) = overlay.pixels.as_chunks::<4>();
    let over =
        |above: u8, alpha: u8, below: u8| above.saturating_add((u16::from(below) * u16::from(255 - alpha) / 255) as u8);
    let flat: Vec<u8> = pixels
        .iter()
        .flat_map(|&[r, g, b, a]| [over(r, a, page[0]), over(g, a, page[1]), over(b, a, page[2])])
        .collect();
    let file = std::fs::File::create(path).unwrap();
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), overlay.width, overlay.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&flat).unwrap();
}
