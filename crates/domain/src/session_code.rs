//! Session codes such as `AG-7K3QX`: short, readable aloud, and free of personal data.

use crate::ports::Entropy;

/// Crockford's base 32 without 0, 1 (and so without I, L, O, U): nothing that a person could misread.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "AG-";
const LENGTH: usize = 5;

/// Draws a code. 30^5 are about 24 million: the store keeps them unique and draws again on a clash.
pub fn draw(entropy: &dyn Entropy) -> String {
    let mut code = String::from(PREFIX);
    while code.len() < PREFIX.len() + LENGTH {
        let mut byte = [0_u8; 1];
        entropy.fill(&mut byte);
        // 240 is the largest multiple of 30 in a byte: a larger value would favour some characters.
        if byte[0] < 240
            && let Some(character) = ALPHABET.get(usize::from(byte[0] % 30))
        {
            code.push(char::from(*character));
        }
    }
    code
}

/// Whether `text` has the form of a session code.
pub fn is_session_code(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == LENGTH && rest.bytes().all(|byte| ALPHABET.contains(&byte)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(7, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn codes_have_their_form_and_differ() {
        let entropy = Counting(AtomicU8::new(200));
        let codes: Vec<String> = (0..20).map(|_| draw(&entropy)).collect();
        assert!(codes.iter().all(|code| is_session_code(code)), "{codes:?}");
        assert_ne!(codes[0], codes[1]);
    }

    #[test]
    fn other_text_is_no_code() {
        for text in ["", "AG-", "AG-7K3Q", "AG-7K3QXX", "ag-7k3qx", "AG-7K3Q0", "XX-7K3QX"] {
            assert!(!is_session_code(text), "{text}");
        }
    }
}
