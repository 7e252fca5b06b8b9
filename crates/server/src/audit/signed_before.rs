//! What servers have signed of each chain, as the database and the file outside of it have it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use amberglass_domain::checkpoint::{NoteSigner, TrustedKeys, WriterHead};
use amberglass_wire::{event_stream::ChainHead, export::ExportLine};

use crate::store::{Store, StoreError};

/// How far the file is read back from its end: some days of a busy server.
const TAIL_BYTES: i64 = 4 << 20;

/// Of each writer the record with the highest number, by each of the two: neither can hide what the other says. A file that
/// can't be read is told in the log of the program.
pub(super) async fn signed_before(
    store: &Store,
    signer: &NoteSigner,
    file: Option<&Path>,
) -> Result<Vec<WriterHead>, StoreError> {
    let mut signed = store.last_signed().await?;
    if let Some(path) = file {
        let mut trusted = TrustedKeys::default();
        let others = store.signers().await?.into_iter().map(|(_, verifier_key)| verifier_key);
        // Its own key holds whatever the database says.
        for key in std::iter::once(signer.verifier_key()).chain(others) {
            if trusted.add(&key).is_err() {
                tracing::error!(key, "the key of a server in the database can't be read");
            }
        }
        match tail(path) {
            Ok(text) => signed.extend(highest(of_notes(&text, &trusted))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::error!(%error, path = %path.display(), "the file of checkpoints can't be read"),
        }
    }
    Ok(signed)
}

fn highest(all: impl Iterator<Item = WriterHead>) -> impl Iterator<Item = WriterHead> {
    let mut signed = BTreeMap::<String, ChainHead>::new();
    for WriterHead { writer, head } in all {
        let kept = signed.entry(writer).or_default();
        if kept.seq < head.seq {
            *kept = head;
        }
    }
    signed.into_iter().map(|(writer, head)| WriterHead { writer, head })
}

fn of_notes(text: &[u8], trusted: &TrustedKeys) -> impl Iterator<Item = WriterHead> {
    // The first line of a tail is half a one, and a loss of power may have torn another.
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| match serde_json::from_slice(line) {
            Ok(ExportLine::Checkpoint { note }) => trusted.checkpoint(&note).ok(),
            Ok(_) | Err(_) => None,
        })
        .flat_map(|checkpoint| checkpoint.heads)
}

fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
    file.seek(SeekFrom::End(-length.min(TAIL_BYTES)))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(text)
}
