//! What a portal is told beside the identity: that support is looking, and what to leave undone meanwhile.
//!
//! `Amberglass-Support` is a dictionary (RFC 9651, 3.2). It proves nothing: a portal reads it beside an identity that it has
//! verified, and without one ignores it. What it leaves out is suppressed too, so a portal that never saw it is only careful.

use amberglass_wire::session::Mode;
use http::{HeaderName, HeaderValue};
use sfv::{DictSerializer, KeyRef, StringRef, TokenRef};

/// See the module. Whatever of it comes from a page is dropped, as all that begins with `amberglass-`.
pub const SUPPORT_HEADER: HeaderName = HeaderName::from_static("amberglass-support");

/// What happens beside a page although nobody asked for it.
const BESIDE_A_READ: &[&str] = &["last-login", "presence", "read-marks", "mail", "analytics"];
/// A write was allowed with its consequences, and that the customer is told of it by mail is one of them.
const BESIDE_A_WRITE: &[&str] = &["last-login", "presence", "read-marks", "analytics"];

/// The header's value. `code` is the session's short code, `mode` that of the identity in the same request. Nothing where the code
/// cannot stand in a header; then nothing is forwarded either.
pub(crate) fn support_value(code: &str, mode: Mode) -> Option<HeaderValue> {
    HeaderValue::try_from(field(code, mode).ok()??).ok()
}

fn field(code: &str, mode: Mode) -> Result<Option<String>, sfv::Error> {
    let (mode, suppressed) = match mode {
        Mode::ReadOnly => ("read-only", BESIDE_A_READ),
        Mode::ReadWrite => ("read-write", BESIDE_A_WRITE),
    };
    let mut field = DictSerializer::new();
    field.bare_item(KeyRef::from_str("session")?, StringRef::from_str(code)?);
    field.bare_item(KeyRef::from_str("mode")?, TokenRef::from_str(mode)?);
    let mut list = field.inner_list(KeyRef::from_str("suppress")?);
    for effect in suppressed {
        list.bare_item(TokenRef::from_str(effect)?);
    }
    // What it returns could take parameters; there are none.
    let _ = list.finish();
    Ok(field.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_session_mode_and_what_to_suppress() {
        let value = |mode| support_value("AG-7K3QX", mode).unwrap();
        assert_eq!(
            value(Mode::ReadOnly),
            r#"session="AG-7K3QX", mode=read-only, suppress=(last-login presence read-marks mail analytics)"#
        );
        assert_eq!(
            value(Mode::ReadWrite),
            r#"session="AG-7K3QX", mode=read-write, suppress=(last-login presence read-marks analytics)"#
        );
        assert_eq!(support_value("AG\n7", Mode::ReadOnly), None);
    }
}
