//! What a reason must look like: a known code, ten characters that are not filler, a ticket where the code asks for one.

use amberglass_wire::{
    problem::ErrorCode,
    session::{Reason, ReasonCodeResponse},
};

/// Characters a reason's text must have after trimming.
pub const MIN_CHARACTERS: usize = 10;
/// Text longer than this is refused rather than cut.
pub const MAX_CHARACTERS: usize = 1000;
const MAX_TICKET_CHARACTERS: usize = 100;

/// Checks a reason against the policy's codes.
///
/// # Errors
/// The code that tells the person what to mend.
pub fn check(reason: &Reason, codes: &[ReasonCodeResponse]) -> Result<(), ErrorCode> {
    let Some(code) = codes.iter().find(|code| code.code == reason.code) else {
        return Err(ErrorCode::ReasonCodeUnknown);
    };
    check_text(&reason.text)?;
    let ticket = reason.ticket.as_deref().map(str::trim).unwrap_or_default();
    if code.ticket_required && ticket.is_empty() {
        return Err(ErrorCode::TicketRequired);
    }
    if ticket.chars().count() > MAX_TICKET_CHARACTERS || ticket.chars().any(char::is_control) {
        return Err(ErrorCode::InvalidRequest);
    }
    Ok(())
}

/// Checks own words that stand without a code: why somebody else's session is ended, why everything is stopped.
///
/// # Errors
/// The code that tells the person what to mend.
pub fn check_text(text: &str) -> Result<(), ErrorCode> {
    let text = text.trim();
    if text.chars().count() < MIN_CHARACTERS {
        return Err(ErrorCode::ReasonTooShort);
    }
    if text.chars().count() > MAX_CHARACTERS {
        return Err(ErrorCode::InvalidRequest);
    }
    if is_filler(text) {
        return Err(ErrorCode::ReasonIsFiller);
    }
    Ok(())
}

/// Text that fills the field without saying anything: few different letters, or one word over and over, or a keyboard row.
fn is_filler(text: &str) -> bool {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let mut different = letters.clone();
    different.sort_unstable();
    different.dedup();
    if letters.len() < 6 || different.len() < 4 {
        return true;
    }
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    const EMPTY_WORDS: [&str; 14] = [
        "test", "testing", "support", "asdf", "qwerty", "none", "reason", "na", "n", "a", "see", "ticket", "check",
        "view",
    ];
    if words.iter().all(|word| EMPTY_WORDS.contains(word)) {
        return true;
    }
    const ROWS: [&str; 4] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890"];
    words.len() == 1 && letters.len() >= 4 && {
        let joined: String = letters.iter().collect();
        ROWS.iter().any(|row| joined.contains(row.get(..5).unwrap_or(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes() -> Vec<ReasonCodeResponse> {
        vec![
            ReasonCodeResponse { code: "billing".into(), label: "Billing question".into(), ticket_required: true },
            ReasonCodeResponse { code: "other".into(), label: "Other".into(), ticket_required: false },
        ]
    }

    fn reason(code: &str, text: &str, ticket: Option<&str>) -> Reason {
        Reason { code: code.into(), text: text.into(), ticket: ticket.map(Into::into) }
    }

    #[test]
    fn reasons_are_held_to_the_rules() {
        let table = [
            (reason("billing", "Invoice 1042 was charged twice", Some("TCK-1")), Ok(())),
            (reason("other", "Kundin findet ihre Termine nicht", None), Ok(())),
            (reason("other", "顧客は請求書を見つけることができません", None), Ok(())),
            (reason("unknown", "Invoice 1042 was charged twice", None), Err(ErrorCode::ReasonCodeUnknown)),
            (reason("other", "short", None), Err(ErrorCode::ReasonTooShort)),
            (reason("other", "    short      ", None), Err(ErrorCode::ReasonTooShort)),
            (reason("other", "aaaaaaaaaaaaaaa", None), Err(ErrorCode::ReasonIsFiller)),
            (reason("other", "..............", None), Err(ErrorCode::ReasonIsFiller)),
            (reason("other", "test test test", None), Err(ErrorCode::ReasonIsFiller)),
            (reason("other", "asdfghjklasdfghjkl", None), Err(ErrorCode::ReasonIsFiller)),
            (reason("billing", "Invoice 1042 was charged twice", None), Err(ErrorCode::TicketRequired)),
            (reason("billing", "Invoice 1042 was charged twice", Some("  ")), Err(ErrorCode::TicketRequired)),
            (reason("other", "Customer cannot log in", Some("a\nb")), Err(ErrorCode::InvalidRequest)),
        ];
        for (given, expected) in table {
            assert_eq!(check(&given, &codes()), expected, "{given:?}");
        }
    }
}
