//! The colours the overlay uses, as opaque sRGB. Their contrast figures are computed in the tests below.

/// One opaque sRGB colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour(pub u8, pub u8, pub u8);

/// The frame and the pill while a customer's portal is open. Nothing else in the product is amber.
pub(crate) const LIVE: Colour = Colour(0xf5, 0x9e, 0x0b);
pub(crate) const ON_LIVE: Colour = Colour(0x1c, 0x19, 0x17);
/// Frame and pill in the last five minutes; the words "ends in" say it a second time without colour.
pub(crate) const LAST_MINUTES: Colour = Colour(0x7f, 0x1d, 0x1d);
pub(crate) const ON_LAST_MINUTES: Colour = Colour(0xff, 0xff, 0xff);

/// A mark is dark letters inside a light halo: one of the two differs from any page.
pub(crate) const MARK: Colour = Colour(0x1c, 0x19, 0x17);
pub(crate) const MARK_HALO: Colour = Colour(0xff, 0xff, 0xff);

/// What the curtain is painted with, in light or dark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CurtainColours {
    pub ground: Colour,
    pub text: Colour,
    pub quiet: Colour,
    pub rule: Colour,
    pub accent: Colour,
    pub on_accent: Colour,
    pub danger: Colour,
}

pub(crate) const CURTAIN_LIGHT: CurtainColours = CurtainColours {
    ground: Colour(0xe7, 0xe5, 0xe4),
    text: Colour(0x1c, 0x19, 0x17),
    quiet: Colour(0x57, 0x53, 0x4e),
    rule: Colour(0xc4, 0xbf, 0xba),
    accent: Colour(0x0f, 0x76, 0x6e),
    on_accent: Colour(0xff, 0xff, 0xff),
    danger: Colour(0xb9, 0x1c, 0x1c),
};

pub(crate) const CURTAIN_DARK: CurtainColours = CurtainColours {
    ground: Colour(0x29, 0x25, 0x24),
    text: Colour(0xfa, 0xfa, 0xf9),
    quiet: Colour(0xa8, 0xa2, 0x9e),
    rule: Colour(0x57, 0x53, 0x4e),
    accent: Colour(0x2d, 0xd4, 0xbf),
    on_accent: Colour(0x1c, 0x19, 0x17),
    danger: Colour(0xf8, 0x71, 0x71),
};

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2 relative luminance.
    fn luminance(Colour(r, g, b): Colour) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(a: Colour, b: Colour) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn the_published_contrast_figures_are_the_computed_ones() {
        let white = Colour(0xff, 0xff, 0xff);
        for (name, a, b, published) in [
            ("live", LIVE, ON_LIVE, 8.1),
            ("last five minutes", LAST_MINUTES, ON_LAST_MINUTES, 10.0),
            ("accent, light", CURTAIN_LIGHT.accent, white, 5.5),
            ("accent, dark", CURTAIN_DARK.accent, Colour(0x1c, 0x19, 0x17), 9.4),
            ("danger, light", CURTAIN_LIGHT.danger, white, 6.5),
            ("danger, dark", CURTAIN_DARK.danger, Colour(0x1c, 0x19, 0x17), 6.3),
        ] {
            let computed = contrast(a, b);
            assert!((computed - published).abs() < 0.06, "{name}: published {published}, computed {computed:.2}");
        }
    }

    #[test]
    fn everything_written_on_the_curtain_is_readable() {
        for (theme, c) in [("light", CURTAIN_LIGHT), ("dark", CURTAIN_DARK)] {
            for (name, ink, ground) in [
                ("text", c.text, c.ground),
                ("quiet text", c.quiet, c.ground),
                ("accent button", c.on_accent, c.accent),
                ("danger button", c.danger, c.ground),
            ] {
                let computed = contrast(ink, ground);
                assert!(computed >= 4.5, "{theme} {name}: {computed:.2}");
            }
            let ring = contrast(c.accent, c.ground);
            assert!(ring >= 3.0, "{theme} focus ring and button edge: {ring:.2}");
        }
    }
}
