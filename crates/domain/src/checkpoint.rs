//! Checkpoints: what a writer vouches for with its signature, as C2SP signed notes (<https://c2sp.org/signed-note>).
//!
//! A chain shows that nothing inside it was changed; only a signed head that somebody else keeps shows that its end was
//! not cut off or written anew. The text of a checkpoint:
//!
//! ```text
//! amberglass/checkpoint/v1
//! <signer> <milliseconds since 1970>
//! <writer> <seq> <hash>
//! ```
//!
//! with one line for each head. Servers sign those of all writers, a device those of its own journal.

use std::{collections::HashSet, fmt::Write as _};

use amberglass_wire::{UnixMillis, event_stream::ChainHead};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use signed_note::{Note, NoteError, StandardSigner, StandardVerifier, Verifier, VerifierList};
use zeroize::Zeroizing;

const TITLE: &str = "amberglass/checkpoint/v1";
/// Of a note's key: Ed25519 (<https://c2sp.org/signed-note>).
const ED25519: u8 = 1;
/// More than any server has writers, far less than what would hurt.
const MOST_BYTES: usize = 4 << 20;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("the text is not a signed note")]
    NotANote,
    #[error("no known key has signed it")]
    UnknownKey,
    #[error("the signature of {name} does not fit")]
    WrongSignature { name: String },
    #[error("the note says something else than a checkpoint")]
    NotACheckpoint,
    #[error("a name holds a space, a plus or a line break, or is empty")]
    InvalidName,
    #[error("the line is not the public key of a signer")]
    InvalidKey,
}

/// One writer's head as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterHead {
    pub writer: String,
    pub head: ChainHead,
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// `server:<id>`, or a device's id.
    pub signer: String,
    pub issued_at: UnixMillis,
    /// Of writers that have written something; each writer once.
    pub heads: Vec<WriterHead>,
}

impl Checkpoint {
    pub fn head_of(&self, writer: &str) -> Option<&ChainHead> {
        self.heads.iter().find(|known| known.writer == writer).map(|known| &known.head)
    }

    fn text(&self) -> String {
        let mut text = format!("{TITLE}\n{} {}\n", self.signer, self.issued_at.0);
        for WriterHead { writer, head } in &self.heads {
            // Writing into a String never fails.
            let _ = writeln!(text, "{writer} {} {}", head.seq, head.hash);
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != TITLE {
            return None;
        }
        let (signer, at) = lines.next()?.split_once(' ')?;
        let mut checkpoint = Self { signer: signer.to_owned(), issued_at: UnixMillis(number(at)?), heads: Vec::new() };
        let mut named = HashSet::new();
        for line in lines {
            let mut words = line.split(' ');
            let (writer, seq, hash) = (words.next()?, words.next()?, words.next()?);
            let seq = number(seq).filter(|seq| *seq > 0)?;
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if words.next().is_some() || writer.is_empty() || !is_hash || !named.insert(writer) {
                return None;
            }
            checkpoint
                .heads
                .push(WriterHead { writer: writer.to_owned(), head: ChainHead { seq, hash: hash.to_owned() } });
        }
        Some(checkpoint)
    }
}

/// Decimal, and written in one way only, so that no two texts say the same.
fn number(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// Signs notes under its name.
pub struct NoteSigner {
    name: String,
    signer: StandardSigner,
    public_key: [u8; 32],
}

impl std::fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NoteSigner({})", self.name)
    }
}

impl NoteSigner {
    /// # Errors
    /// [`CheckpointError::InvalidName`]
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, CheckpointError> {
        let public_key = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let secret = Zeroizing::new([[ED25519].as_slice(), seed].concat());
        let id = signed_note::key_id(name, &[[ED25519].as_slice(), &public_key].concat());
        let secret = Zeroizing::new(format!("PRIVATE+KEY+{name}+{id:08x}+{}", STANDARD.encode(secret.as_slice())));
        let signer = StandardSigner::new(&secret).map_err(|_| CheckpointError::InvalidName)?;
        Ok(Self { name: name.to_owned(), signer, public_key })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What others pin: the public key with the name, in the form of a verifier key.
    pub fn verifier_key(&self) -> String {
        verifier_key(&self.name, &self.public_key)
    }

    /// Signs the heads as a checkpoint of this signer's.
    ///
    /// # Errors
    /// [`CheckpointError::InvalidName`] when a writer's name can't stand in a note.
    pub fn checkpoint(&self, issued_at: UnixMillis, heads: Vec<WriterHead>) -> Result<String, CheckpointError> {
        let text = Checkpoint { signer: self.name.clone(), issued_at, heads }.text();
        // What can't be read back is never signed.
        Checkpoint::parse(&text).ok_or(CheckpointError::InvalidName)?;
        self.sign(&text)
    }

    /// Signs any text that ends with a line break.
    ///
    /// # Errors
    /// [`CheckpointError::NotANote`] when the text can't be a note.
    pub fn sign(&self, text: &str) -> Result<String, CheckpointError> {
        let mut note = Note::new(text.as_bytes(), &[]).map_err(|_| CheckpointError::NotANote)?;
        note.add_sigs(&[&self.signer]).map_err(|_| CheckpointError::NotANote)?;
        String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::NotANote)
    }
}

/// `<name>+<key id>+<base64 of type and key>`, as others write it down.
pub fn verifier_key(name: &str, public_key: &[u8; 32]) -> String {
    let key = [[ED25519].as_slice(), public_key].concat();
    format!("{name}+{:08x}+{}", signed_note::key_id(name, &key), STANDARD.encode(key))
}

/// Of a verifier key, base64 of 32 bytes.
fn public_key(verifier_key: &str) -> Option<String> {
    // Base64 may hold a plus too, a name or a key id none.
    let (_, key) = verifier_key.split_once('+')?.1.split_once('+')?;
    let key = STANDARD.decode(key).ok()?;
    key.strip_prefix(&[ED25519]).map(|key| STANDARD.encode(key))
}

/// The signers that somebody trusts.
#[derive(Clone, Default)]
pub struct TrustedKeys {
    keys: Vec<StandardVerifier>,
    /// The same by name, as base64.
    public_keys: Vec<(String, String)>,
}

impl std::fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl TrustedKeys {
    /// One verifier key on each line; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// [`CheckpointError::InvalidKey`]
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut trusted = Self::default();
        for line in lines {
            trusted.add(line)?;
        }
        Ok(trusted)
    }

    /// # Errors
    /// [`CheckpointError::InvalidKey`]
    pub fn add(&mut self, verifier_key: &str) -> Result<(), CheckpointError> {
        let key = StandardVerifier::new(verifier_key).map_err(|_| CheckpointError::InvalidKey)?;
        // The same one twice would make the choice between them ambiguous.
        if !self.keys.iter().any(|known| known.name() == key.name() && known.key_id() == key.key_id()) {
            let public_key = public_key(verifier_key).ok_or(CheckpointError::InvalidKey)?;
            self.public_keys.push((key.name().to_owned(), public_key));
            self.keys.push(key);
        }
        Ok(())
    }

    /// Whether it is one of them already.
    pub fn holds(&self, verifier_key: &str) -> bool {
        StandardVerifier::new(verifier_key)
            .is_ok_and(|key| self.keys.iter().any(|known| known.name() == key.name() && known.key_id() == key.key_id()))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(Verifier::name)
    }

    /// The public keys under this name, base64 of 32 bytes each: for what is signed outside of a note.
    pub fn public_keys_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.public_keys.iter().filter(move |(of, _)| of == name).map(|(_, key)| key.as_str())
    }

    /// A checkpoint that one of these keys has signed under the name that it gives itself. A wrong signature of a known
    /// key is never made good by another one.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn checkpoint(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let (text, names) = self.open(note)?;
        let checkpoint = Checkpoint::parse(&text).ok_or(CheckpointError::NotACheckpoint)?;
        if names.contains(&checkpoint.signer) { Ok(checkpoint) } else { Err(CheckpointError::UnknownKey) }
    }

    /// The text of a note, and the names of the keys that have signed it.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn open(&self, note: &str) -> Result<(String, Vec<String>), CheckpointError> {
        if note.len() > MOST_BYTES {
            return Err(CheckpointError::NotANote);
        }
        let note = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::NotANote)?;
        let keys = self.keys.iter().map(|key| Box::new(key.clone()) as Box<dyn Verifier>).collect();
        let (signed, _) = note.verify(&VerifierList::new(keys)).map_err(|error| match error {
            NoteError::InvalidSignature { name, .. } => CheckpointError::WrongSignature { name },
            NoteError::UnverifiedNote => CheckpointError::UnknownKey,
            NoteError::MalformedNote
            | NoteError::InvalidSigner
            | NoteError::MismatchedVerifier
            | NoteError::VerificationError(_)
            | NoteError::SignatureError(_) => CheckpointError::NotANote,
        })?;
        let text = String::from_utf8(note.text().to_vec()).map_err(|_| CheckpointError::NotANote)?;
        Ok((text, signed.iter().map(|signature| signature.name().to_owned()).collect()))
    }
}

/// What a note says of itself before anybody has looked at the signatures: to be shown and sorted by, never believed.
pub fn claimed(note: &str) -> Option<Checkpoint> {
    let note = Note::from_bytes(note.as_bytes()).ok()?;
    Checkpoint::parse(std::str::from_utf8(note.text()).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signer(name: &str, seed: u8) -> NoteSigner {
        NoteSigner::new(name, &[seed; 32]).unwrap()
    }

    fn head(writer: &str, seq: i64, letter: &str) -> WriterHead {
        WriterHead { writer: writer.into(), head: ChainHead { seq, hash: letter.repeat(64) } }
    }

    fn trusting(signers: &[&NoteSigner]) -> TrustedKeys {
        let lines: Vec<String> = signers.iter().map(|signer| signer.verifier_key()).collect();
        TrustedKeys::parse(&format!("# those we know\n\n{}\n", lines.join("\n"))).unwrap()
    }

    #[test]
    fn a_checkpoint_says_what_its_signer_has_seen() {
        let server = signer("server:s1", 1);
        let heads = vec![head("server:s1", 9, "a"), head("device-1", 3, "b")];
        let note = server.checkpoint(UnixMillis(1_700_000_000_000), heads.clone()).unwrap();
        let seen = trusting(&[&server]).checkpoint(&note).unwrap();
        assert_eq!(seen, Checkpoint { signer: "server:s1".into(), issued_at: UnixMillis(1_700_000_000_000), heads });
        assert_eq!(seen.head_of("device-1").unwrap().seq, 3);
        assert_eq!(seen.head_of("device-2"), None);
        assert_eq!(claimed(&note), Some(seen));
    }

    #[test]
    fn the_public_keys_of_a_name_are_those_that_were_trusted_under_it() {
        let (one, other) = (signer("device-1", 1), signer("device-2", 2));
        let trusted = trusting(&[&one, &other, &one]);
        let keys: Vec<&str> = trusted.public_keys_of("device-1").collect();
        assert_eq!(keys, [STANDARD.encode(one.public_key)]);
        assert_eq!(trusted.public_keys_of("device-3").count(), 0);
    }

    #[test]
    fn nothing_is_believed_that_no_known_key_has_signed() {
        let (server, other) = (signer("server:s1", 1), signer("server:s1", 2));
        let note = server.checkpoint(UnixMillis(1), vec![head("device-1", 3, "b")]).unwrap();
        assert_eq!(trusting(&[&other]).checkpoint(&note), Err(CheckpointError::UnknownKey));
        assert_eq!(TrustedKeys::default().checkpoint(&note), Err(CheckpointError::UnknownKey));
        let changed = note.replace("device-1 3", "device-1 2");
        let wrong = CheckpointError::WrongSignature { name: "server:s1".into() };
        assert_eq!(trusting(&[&server]).checkpoint(&changed), Err(wrong));
        assert_eq!(trusting(&[&server]).checkpoint("anything"), Err(CheckpointError::NotANote));
    }

    #[test]
    fn nobody_signs_for_another_one() {
        let (server, device) = (signer("server:s1", 1), signer("device-1", 2));
        let text = "amberglass/checkpoint/v1\nserver:s1 1\ndevice-1 3 ".to_owned() + &"b".repeat(64) + "\n";
        let note = device.sign(&text).unwrap();
        assert_eq!(trusting(&[&server, &device]).checkpoint(&note), Err(CheckpointError::UnknownKey));
    }

    #[test]
    fn another_text_is_no_checkpoint_whoever_signs_it() {
        let server = signer("server:s1", 1);
        let hash = "b".repeat(64);
        for text in [
            "something else\n".to_owned(),
            "amberglass/checkpoint/v1\n".into(),
            "amberglass/checkpoint/v1\nserver:s1 01\n".into(),
            "amberglass/checkpoint/v1\nserver:s1 1\ndevice-1 0 \n".into(),
            format!("amberglass/checkpoint/v1\nserver:s1 1\ndevice-1 +3 {hash}\n"),
            format!("amberglass/checkpoint/v1\nserver:s1 1\ndevice-1 3 {}\n", hash.to_uppercase()),
            format!("amberglass/checkpoint/v1\nserver:s1 1\ndevice-1 3 {hash} more\n"),
            format!("amberglass/checkpoint/v1\nserver:s1 1\ndevice-1 3 {hash}\ndevice-1 4 {hash}\n"),
        ] {
            let note = server.sign(&text).unwrap();
            assert_eq!(trusting(&[&server]).checkpoint(&note), Err(CheckpointError::NotACheckpoint), "{text}");
        }
    }

    #[test]
    fn a_writer_that_is_named_twice_is_refused_however_many_stand_between() {
        let server = signer("server:s1", 1);
        let many: Vec<WriterHead> = (0..500).map(|n| head(&format!("device-{n}"), 3, "b")).collect();
        let note = server.checkpoint(UnixMillis(1), many.clone()).unwrap();
        assert_eq!(trusting(&[&server]).checkpoint(&note).unwrap().heads, many);
        for again in [head("device-0", 3, "b"), head("device-250", 4, "c"), head("device-499", 3, "b")] {
            let heads = [many.clone(), vec![again]].concat();
            let refused = server.checkpoint(UnixMillis(1), heads.clone());
            assert_eq!(refused, Err(CheckpointError::InvalidName));
            let text = Checkpoint { signer: "server:s1".into(), issued_at: UnixMillis(1), heads }.text();
            let note = server.sign(&text).unwrap();
            assert_eq!(trusting(&[&server]).checkpoint(&note), Err(CheckpointError::NotACheckpoint));
        }
    }

    #[test]
    fn a_name_that_could_be_read_in_two_ways_is_refused() {
        for name in ["", "two words", "a+b", "a\nb"] {
            assert_eq!(NoteSigner::new(name, &[1; 32]).unwrap_err(), CheckpointError::InvalidName, "{name:?}");
        }
        let heads = vec![head("two words", 1, "a")];
        assert_eq!(signer("server:s1", 1).checkpoint(UnixMillis(1), heads), Err(CheckpointError::InvalidName));
        assert_eq!(TrustedKeys::parse("no key").unwrap_err(), CheckpointError::InvalidKey);
    }

    proptest! {
        #[test]
        fn whatever_is_read_back_is_what_was_signed(
            at in any::<i64>(),
            heads in proptest::collection::btree_map("[a-z0-9:-]{1,40}", (1_i64.., "[0-9a-f]{64}"), 0..8),
        ) {
            let server = signer("server:s1", 1);
            let heads: Vec<WriterHead> = heads
                .into_iter()
                .map(|(writer, (seq, hash))| WriterHead { writer, head: ChainHead { seq, hash } })
                .collect();
            let note = server.checkpoint(UnixMillis(at), heads.clone()).unwrap();
            prop_assert_eq!(trusting(&[&server]).checkpoint(&note).unwrap().heads, heads);
        }

        #[test]
        fn no_changed_byte_goes_unseen(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let server = signer("server:s1", 1);
            let note = server.checkpoint(UnixMillis(1), vec![head("device-1", 3, "b")]).unwrap();
            let mut bytes = note.into_bytes();
            let at = place.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(bytes) {
                prop_assert!(trusting(&[&server]).checkpoint(&text).is_err());
            }
        }
    }
}
