//! A portal's file that has come whole goes where its person finds it, under a name that is nobody else's yet. It stays there when the
//! session ends.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use amberglass_domain::file_name::{numbered, safe_name};

/// Below the person's folder for downloads.
const FOLDER: &str = "Amberglass";
/// Of one name in one session.
const MAX_NUMBER: u32 = 1000;

/// Where the files of a session lie.
pub fn folder_of(downloads: &Path, session_code: &str) -> PathBuf {
    downloads.join(FOLDER).join(safe_name(session_code))
}

/// Moves `whole` into `folder`, as `suggested` says as far as that is a safe name; no file that is there is touched. Readable for this
/// person alone. Gives where it lies.
///
/// # Errors
/// When it can't be moved. Then neither of the two stays.
pub fn keep(whole: &Path, folder: &Path, suggested: &str) -> io::Result<PathBuf> {
    let kept = move_into(whole, folder, &safe_name(suggested));
    if let Err(error) = fs::remove_file(whole)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a file that came was not removed from where it came");
    }
    kept
}

fn move_into(whole: &Path, folder: &Path, name: &str) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        builder.mode(0o700);
        fs::set_permissions(whole, fs::Permissions::from_mode(0o600))?;
    }
    builder.create(folder)?;
    File::open(whole)?.sync_all()?;
    for number in 1..=MAX_NUMBER {
        let path = folder.join(numbered(name, number));
        // Whole at once, or not at all; unlike a renaming, over nothing that is there.
        match fs::hard_link(whole, &path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Another disk, or one without links.
            Err(_) => match copy_new(whole, &path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                copied => return copied.map(|()| path),
            },
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn copy_new(whole: &Path, path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut to = options.open(path)?;
    let copied = File::open(whole).and_then(|mut from| io::copy(&mut from, &mut to)).and_then(|_| to.sync_all());
    if copied.is_err()
        && let Err(error) = fs::remove_file(path)
    {
        tracing::warn!(%error, "a file that was not copied to its end could not be removed");
    }
    copied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(folder: &Path, content: &str) -> PathBuf {
        let path = folder.join("came");
        fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn a_file_lies_below_its_session_s_code_for_its_person_alone_and_over_no_other() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = folder_of(to.path(), "AG-7K3QX");
        assert_eq!(folder, to.path().join("Amberglass/AG-7K3QX"));
        for (content, suggested, name) in
            [("1", "a.pdf", "a.pdf"), ("2", "a.pdf", "a (2).pdf"), ("3", "../a.pdf", "_a.pdf"), ("4", "", "file")]
        {
            let whole = came(from.path(), content);
            let path = keep(&whole, &folder, suggested).unwrap();
            assert_eq!((path.clone(), fs::read_to_string(&path).unwrap()), (folder.join(name), content.to_owned()));
            assert!(!whole.exists());
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
                assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
            }
        }
        assert_eq!(fs::read_to_string(folder.join("a.pdf")).unwrap(), "1");
        // No link leads out of the folder.
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_copy_stands_over_no_other_file_either() {
        let folder = tempfile::tempdir().unwrap();
        let whole = came(folder.path(), "new");
        let path = folder.path().join("there");
        fs::write(&path, "old").unwrap();
        assert_eq!(copy_new(&whole, &path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        copy_new(&whole, &folder.path().join("other")).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("other")).unwrap(), "new");
    }

    #[test]
    fn of_a_file_that_can_t_be_kept_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let whole = came(folder.path(), "x");
        fs::write(folder.path().join("Amberglass"), "a file where the folder should be").unwrap();
        assert!(keep(&whole, &folder_of(folder.path(), "AG-7K3QX"), "a.pdf").is_err());
        assert!(!whole.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
