//! Line icons, 24 by 24, drawn for this portal. They take the colour of the text around them.

use maud::{Markup, PreEscaped, html};

#[derive(Clone, Copy)]
pub(super) enum Icon {
    House,
    Calendar,
    Paw,
    Receipt,
    Letter,
    Eye,
    Clock,
    Scissors,
    Check,
    Person,
}

impl Icon {
    fn strokes(self) -> &'static str {
        match self {
            Self::House => {
                r#"<path d="M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z"/><path d="M10 20v-5h4v5"/>"#
            }
            Self::Calendar => {
                r#"<rect x="4" y="6" width="16" height="14" rx="2.5"/><path d="M4 10.5h16M8.5 3.5V8M15.5 3.5V8"/>"#
            }
            Self::Paw => {
                r#"<ellipse cx="6" cy="11" rx="1.7" ry="2.2"/><ellipse cx="10" cy="6.8" rx="1.7" ry="2.3"/><ellipse cx="14.6" cy="6.8" rx="1.7" ry="2.3"/><ellipse cx="18.4" cy="11" rx="1.7" ry="2.2"/><path d="M12.2 11.8c-2.6 0-5 2.8-5 5.2 0 1.6 1.2 2.4 2.6 2.4 1 0 1.5-.5 2.4-.5s1.5.5 2.5.5c1.4 0 2.6-.8 2.6-2.4 0-2.4-2.5-5.2-5.1-5.2z"/>"#
            }
            Self::Receipt => {
                r#"<path d="M6 4h12v16.5l-2.4-1.6-1.8 1.6-1.8-1.6-1.8 1.6-1.8-1.6L6 20.500z"/><path d="M9.2 9h5.600M9.2 13h5.6"/>"#
            }
            Self::Letter => {
                r#"<rect x="3.5" y="6" width="17" height="12.5" rx="2.5"/><path d="m4.5 8 7.5 5.500L19.5 8"/>"#
            }
            Self::Eye => {
                r#"<path d="M2.5 12S6 5.8 12 5.8 21.5 12 21.5 12 18 18.2 12 18.2 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>"#
            }
            Self::Clock => r#"<circle cx="12" cy="12" r="8"/><path d="M12 7.500V12l3 2"/>"#,
            Self::Scissors => {
                r#"<circle cx="6.5" cy="7" r="2.5"/><circle cx="6.5" cy="17" r="2.5"/><path d="M8.7 8.3 20 16.500M8.7 15.7 20 7.5"/>"#
            }
            Self::Check => r#"<path d="m5 12.5 4.5 4.500L19 7.5"/>"#,
            Self::Person => r#"<circle cx="12" cy="8.5" r="3.8"/><path d="M4.8 20c.6-3.8 3.5-6 7.2-6s6.6 2.2 7.2 6"/>"#,
        }
    }
}

/// Always beside a word, so it is hidden from those who have the page read to them.
pub(super) fn icon(icon: Icon) -> Markup {
    html! {
        svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            (PreEscaped(icon.strokes()))
        }
    }
}
