//! What the gateway asks to leave undone while support looks: `Amberglass-Support`, a dictionary (RFC 9651, 3.2).
//!
//! It is read beside a verified identity and never without one. Who leaves it out, or writes what nobody understands,
//! gets the careful answer: nothing happens beside the page.

use axum::http::HeaderMap;
use sfv::{BareItem, Dictionary, ListEntry, Parser};

pub const SUPPORT_HEADER: &str = "amberglass-support";

/// What happens at Barkside beside showing a page, when a customer looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    LastLogin,
    Presence,
    ReadMarks,
    Mail,
    Analytics,
}

impl Effect {
    const ALL: [Self; 5] = [Self::LastLogin, Self::Presence, Self::ReadMarks, Self::Mail, Self::Analytics];

    fn token(self) -> &'static str {
        match self {
            Self::LastLogin => "last-login",
            Self::Presence => "presence",
            Self::ReadMarks => "read-marks",
            Self::Mail => "mail",
            Self::Analytics => "analytics",
        }
    }
}

/// The effects that do not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suppressed(Vec<Effect>);

impl Suppressed {
    pub fn everything() -> Self {
        Self(Effect::ALL.to_vec())
    }

    /// To be asked once the identity of the same request is verified.
    pub fn read(headers: &HeaderMap) -> Self {
        Self::listed(headers).unwrap_or_else(Self::everything)
    }

    pub fn contains(&self, effect: Effect) -> bool {
        self.0.contains(&effect)
    }

    /// Words that we do not know are about effects that we do not have.
    fn listed(headers: &HeaderMap) -> Option<Self> {
        // Several lines are one field (RFC 9651, 4.2).
        let lines: Option<Vec<&str>> = headers.get_all(SUPPORT_HEADER).iter().map(|line| line.to_str().ok()).collect();
        let field: Dictionary = Parser::new(&lines?.join(", ")).parse().ok()?;
        let ListEntry::InnerList(list) = field.get("suppress")? else { return None };
        let words: Option<Vec<&str>> = list
            .items
            .iter()
            .map(|item| if let BareItem::Token(token) = &item.bare_item { Some(token.as_str()) } else { None })
            .collect();
        let words = words?;
        Some(Self(Effect::ALL.into_iter().filter(|effect| words.contains(&effect.token())).collect()))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(lines: &[&'static str]) -> Suppressed {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SUPPORT_HEADER, HeaderValue::from_static(line));
        }
        Suppressed::read(&headers)
    }

    #[test]
    fn what_is_listed_is_suppressed_and_the_rest_happens() {
        let listed = read(&[r#"session="AG-7K3QX", mode=read-write, suppress=(last-login presence of-later;x=1)"#]);
        assert_eq!(listed, Suppressed(vec![Effect::LastLogin, Effect::Presence]));
        assert_eq!(read(&["mode=read-write", "suppress=(mail)"]), Suppressed(vec![Effect::Mail]));
        assert_eq!(read(&["suppress=()"]), Suppressed(vec![]));
    }

    #[test]
    fn what_is_missing_or_not_understood_suppresses_everything() {
        for lines in [
            vec![],
            vec![""],
            vec!["mode=read-write"],
            vec!["suppress=mail"],
            vec!["suppress"],
            vec![r#"suppress=("mail")"#],
            vec!["suppress=(mail"],
            vec!["suppress=(mail) mode=read-only"],
            vec!["suppress=()", "((("],
        ] {
            assert_eq!(read(&lines), Suppressed::everything(), "{lines:?}");
        }
    }
}
