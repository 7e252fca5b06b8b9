//! The second factor: codes of an authenticator app (TOTP, RFC 6238), thirty seconds each, each good once.

use amberglass_wire::{StaffId, audit::EventDetail};
use qrcode::{Color, EcLevel, QrCode};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::{AccountError, Accounts, key_of, subject_of};
use crate::store::StaffRow;

/// As RFC 4226 recommends (section 4, R6).
const SECRET_BYTES: usize = 20;
const PURPOSE: &str = "totp";
/// The name under which apps list the code.
const ISSUER: &str = "Amberglass";

/// A secret that is not kept yet: it is once its first code was shown.
pub type NewSecret = Zeroizing<[u8; SECRET_BYTES]>;

/// What came of a code.
#[derive(Debug)]
pub enum CodeCheck {
    Accepted(StaffRow),
    /// Wrong, or used before.
    Wrong,
    TooMany,
    /// What the password page found no longer holds: account, password or second factor changed meanwhile.
    StartOver,
}

impl Accounts {
    pub fn new_secret(&self) -> NewSecret {
        let mut secret = Zeroizing::new([0_u8; SECRET_BYTES]);
        self.entropy.fill(secret.as_mut_slice());
        secret
    }

    /// Checks the code of an account whose password was right, and sets the second factor up if `new_secret` was shown
    /// for that. Failures count like wrong passwords.
    ///
    /// # Errors
    /// When the account cannot be read or written; nobody is signed in then.
    pub async fn check_code(
        &self,
        seen: &SeenAccount,
        new_secret: Option<&NewSecret>,
        code: &str,
        address: &str,
    ) -> Result<CodeCheck, AccountError> {
        let now = self.clock.monotonic_millis();
        if !self.by_address.begin(address, now) {
            return Ok(CodeCheck::TooMany);
        }
        let mut tx = self.store.begin().await?;
        let row = tx.staff_by_id(&seen.staff).await?;
        let Some(row) = row.filter(|row| row.active && seen.fits(row)) else {
            self.by_address.give_back(address);
            return Ok(CodeCheck::StartOver);
        };
        let email_key = key_of(&row.email);
        if !self.by_email.begin(&email_key, now) {
            self.by_address.give_back(address);
            return Ok(CodeCheck::TooMany);
        }
        let good = match (&row.totp_sealed, new_secret) {
            (Some(sealed), None) => {
                let secret = self.unsealed(&row.id, sealed)?;
                match self.step_of(&secret, &row.email, code)? {
                    Some(step) => tx.use_second_factor(&row.id, step).await?,
                    None => false,
                }
            }
            (None, Some(secret)) => match self.step_of(secret, &row.email, code)? {
                Some(step) => {
                    let sealed = self
                        .key
                        .seal(PURPOSE, &[row.id.as_str()], secret.as_slice(), &*self.entropy)
                        .ok_or(AccountError::SecondFactor)?;
                    let kept = tx.set_up_second_factor(&row.id, &sealed, step, self.clock.now()).await?;
                    if kept {
                        self.audit.append_in(&mut tx, subject_of(&row.id), EventDetail::SecondFactorSetUp {}).await?;
                    }
                    kept
                }
                None => false,
            },
            (Some(_), Some(_)) | (None, None) => {
                self.by_address.give_back(address);
                self.by_email.give_back(&email_key);
                return Ok(CodeCheck::StartOver);
            }
        };
        if !good {
            return Ok(CodeCheck::Wrong);
        }
        tx.commit().await?;
        self.by_address.give_back(address);
        self.by_email.forget(&email_key);
        Ok(CodeCheck::Accepted(row))
    }

    /// The time step whose code this is: the current one, or the one before or after it (RFC 6238, 5.2).
    fn step_of(&self, secret: &NewSecret, email: &str, code: &str) -> Result<Option<i64>, AccountError> {
        let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let seconds = u64::try_from(self.clock.now().0.div_euclid(1000)).map_err(|_| AccountError::SecondFactor)?;
        let step = totp(secret, email)?.check(&code, seconds);
        step.map(|step| i64::try_from(step).map_err(|_| AccountError::SecondFactor)).transpose()
    }

    pub(super) fn unsealed(&self, staff: &StaffId, sealed: &str) -> Result<NewSecret, AccountError> {
        let plain = self.key.open(PURPOSE, &[staff.as_str()], sealed).ok_or(AccountError::OtherKey)?;
        Ok(Zeroizing::new(plain.as_slice().try_into().map_err(|_| AccountError::OtherKey)?))
    }
}

/// An account as the password page found it.
pub struct SeenAccount {
    pub staff: StaffId,
    /// SHA-256 of the password's hash: a password that was changed since signs nobody in.
    pub password: String,
}

impl SeenAccount {
    pub fn of(row: &StaffRow) -> Self {
        Self { staff: row.id.clone(), password: crate::sha256_hex(row.password_hash.as_bytes()) }
    }

    fn fits(&self, row: &StaffRow) -> bool {
        Self::of(row).password == self.password
    }
}

fn totp(secret: &NewSecret, email: &str) -> Result<Totp, AccountError> {
    Builder::new()
        .with_secret(Secret::new_stack(**secret))
        .with_issuer(Some(ISSUER))
        // The format has no colon in a name; an e-mail address can.
        .with_account_name(email.replace(':', " "))
        .build()
        .map_err(|_| AccountError::SecondFactor)
}

/// What somebody needs to put a new secret into their app.
pub struct SetUp {
    /// Base32 in groups of four, for typing.
    pub text: String,
    pub qr: Qr,
}

/// A QR code as the path of an SVG, one unit per module, quiet zone left to whoever draws it.
pub struct Qr {
    pub modules: usize,
    pub path: String,
}

impl SetUp {
    /// # Errors
    /// When no code can be made of it.
    pub fn new(secret: &NewSecret, email: &str) -> Result<Self, AccountError> {
        let totp = totp(secret, email)?;
        let base32 = totp.secret().to_base32();
        let letters: Vec<char> = base32.chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        let url = totp.to_url().map_err(|_| AccountError::SecondFactor)?;
        Ok(Self { text: groups.join(" "), qr: Qr::new(&url)? })
    }
}

impl Qr {
    fn new(text: &str) -> Result<Self, AccountError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| AccountError::SecondFactor)?;
        let modules = code.width();
        let mut path = String::new();
        for (index, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (index.checked_rem(modules).unwrap_or(0), index.checked_div(modules).unwrap_or(0));
                path.push_str(&format!("M{x} {y}h1v1h-1z"));
            }
        }
        Ok(Self { modules, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1; the last six digits of its eight.
        let totp = totp(&Zeroizing::new(*b"12345678901234567890"), "kim@amberglass.example").unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(totp.generate(seconds).to_string(), code);
            assert_eq!(totp.check(code, seconds + 30), Some(seconds / 30), "one step of skew");
            assert_eq!(totp.check(code, seconds + 60), None);
        }
    }

    #[test]
    fn what_an_app_reads_is_there_as_picture_and_as_text() {
        let secret = Zeroizing::new(*b"12345678901234567890");
        let set_up = SetUp::new(&secret, "kim:x@amberglass.example").unwrap();
        assert_eq!(set_up.text, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let dark = |x: usize, y: usize| set_up.qr.path.contains(&format!("M{x} {y}h1v1h-1z"));
        // A finder pattern stands in three corners: a dark ring, a light one, a dark core (ISO/IEC 18004).
        let far = set_up.qr.modules - 7;
        for (left, top) in [(0, 0), (far, 0), (0, far)] {
            for (x, y) in (0..7).flat_map(|x| (0..7).map(move |y| (x, y))) {
                let ring = usize::max(usize::abs_diff(x, 3), usize::abs_diff(y, 3));
                assert_eq!(dark(left + x, top + y), ring != 2, "{left} {top} {x} {y}");
            }
        }
    }
}
