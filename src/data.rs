//! The data folder: what a process must find again when it starts.
//!
//! Keys and certificates live in `keys/`, for the owner's eyes only. Beside it stand, for brokers
//! elsewhere, the CAs to believe (`ca-bundle.pem`) and whom not to (`crl.pem`). What else is kept
//! here (the database) belongs to others.

mod ca;

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use authority::{Authorities, Authority, BACKDATING, Issued};
use data_encoding::HEXLOWER;
use domain::{Dice, Timestamp, roll};

pub(crate) use ca::{Phase, Step};

use ca::Succession;

/// How long the broker's and the bridge's certificates are valid.
pub(crate) const CERTIFICATE_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// What a certificate must have left to be kept.
const LEAST_REMAINDER: Duration = Duration::from_hours(30 * 24);

const KEY_HEADER: &str = "-----BEGIN PRIVATE KEY-----";

/// An open data folder with its keys.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The master keys.
    pub(crate) secrets: Secrets,
    /// The CA that signs, and the other one that gates may pin.
    pub(crate) authorities: Arc<Authorities>,
    /// How far the one has followed the other.
    pub(crate) phase: Phase,
    /// The broker's server certificate.
    pub(crate) broker: Issued,
    /// The bridge's client certificate.
    pub(crate) bridge: Issued,
}

/// The master keys, each for one purpose.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Seals what the owner may read again.
    pub(crate) seal: Secret,
    /// Peppers the hashes of short secrets.
    pub(crate) pepper: Secret,
    /// Signs commands to gates.
    pub(crate) signing: Secret,
    /// Signs what guests carry from page to page.
    pub(crate) ticket: Secret,
}

/// 32 random bytes that nothing prints.
pub(crate) struct Secret(pub(crate) [u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(····)")
    }
}

impl Folder {
    /// Opens the folder; makes it, its keys and its certificates when they are missing.
    ///
    /// Certificates that soon expire, or lack one of the names, are replaced, so a process that
    /// runs for long opens its folder anew from time to time.
    pub(crate) fn open(
        path: &Path,
        names: &[String],
        dice: &dyn Dice,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        make_folder(path).with_context(|| format!("cannot make data folder {}", path.display()))?;
        let _lock = lock(path)?;
        let keys = Keys { folder: path.join("keys") };
        if !keys.folder.exists() {
            keys.make(dice, now)
                .with_context(|| format!("cannot make keys in {}", path.display()))?;
        }
        keys.check_private()?;
        let secrets = keys.secrets()?;
        let Succession { authorities, phase } = keys.succession()?;
        let broker = keys.broker(&authorities.signing, names, now)?;
        let bridge = keys.bridge(&authorities.signing, now)?;
        let authorities = Arc::new(authorities);
        Ok(Self { path: path.to_owned(), secrets, authorities, phase, broker, bridge })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a step from one CA to the next, unless it was taken before. Whoever opens the folder
    /// from here on finds it taken.
    pub(crate) fn take(&self, step: Step, dice: &dyn Dice, now: Timestamp) -> anyhow::Result<()> {
        let _lock = lock(&self.path)?;
        let keys = Keys { folder: self.path.join("keys") };
        let found = keys.succession()?;
        if found.phase != self.phase {
            bail!("somebody else changed the CA at the same time: look again with `flussd ca`");
        }
        if found.phase.awaits(step)? {
            let text = found.take(step, dice, now)?.to_text();
            keys.write("ca.pem", &text)
                .with_context(|| format!("cannot write {}", keys.file("ca.pem").display()))?;
        }
        Ok(())
    }

    /// Writes down for brokers elsewhere whom to believe, and whom not.
    pub(crate) fn publish(&self, crls: &str) -> anyhow::Result<()> {
        let _lock = lock(&self.path)?;
        // The lists first: to some brokers a CA without its list is no CA.
        for (name, text) in [("crl.pem", crls), ("ca-bundle.pem", &self.authorities.bundle_pem())] {
            let file = self.path.join(name);
            write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

/// Keeps other processes out of the folder until dropped: two that start at once must not both
/// make keys.
fn lock(path: &Path) -> anyhow::Result<File> {
    let lock = File::create(path.join("lock"))
        .with_context(|| format!("cannot write to data folder {}", path.display()))?;
    lock.lock().with_context(|| format!("cannot lock data folder {}", path.display()))?;
    Ok(lock)
}

/// Tells others until dropped that a process serves from the folder; several may.
pub(crate) fn serving(path: &Path) -> anyhow::Result<File> {
    let lock = serving_lock(path)?;
    match lock.try_lock_shared() {
        Ok(()) => Ok(lock),
        Err(_) => bail!("a backup is being restored in {}", path.display()),
    }
}

/// Keeps until dropped everybody from serving from the folder; fails while somebody does.
pub(crate) fn alone(path: &Path) -> anyhow::Result<File> {
    let lock = serving_lock(path)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(_) => bail!("flussd serves from {}: stop it first", path.display()),
    }
}

fn serving_lock(path: &Path) -> anyhow::Result<File> {
    let file = path.join("serving.lock");
    File::create(&file).with_context(|| format!("cannot write {}", file.display()))
}

/// The folder `keys/`.
struct Keys {
    folder: PathBuf,
}

impl Keys {
    const SECRETS: [&str; 4] = ["seal.key", "pepper.key", "signing.key", "ticket.key"];

    /// Makes all keys aside and moves them into place as one: there are all of them or none.
    ///
    /// So a key that is missing later was lost, and is not quietly replaced by another.
    fn make(&self, dice: &dyn Dice, now: Timestamp) -> anyhow::Result<()> {
        let aside = Self { folder: self.folder.with_extension("new") };
        if aside.folder.exists() {
            fs::remove_dir_all(&aside.folder)?;
        }
        make_folder(&aside.folder)?;
        for name in Self::SECRETS {
            let secret: [u8; 32] = roll(dice);
            aside.write(name, &format!("{}\n", HEXLOWER.encode(&secret)))?;
        }
        aside.write("ca.pem", &Succession::begin(dice, now)?.to_text())?;
        fs::rename(&aside.folder, &self.folder)?;
        sync_parent(&self.folder)?;
        Ok(())
    }

    fn check_private(&self) -> anyhow::Result<()> {
        check_mode(&self.folder, 0o700)?;
        for entry in fs::read_dir(&self.folder)? {
            check_mode(&entry?.path(), 0o600)?;
        }
        Ok(())
    }

    fn secrets(&self) -> anyhow::Result<Secrets> {
        let [seal, pepper, signing, ticket] = Self::SECRETS.map(|name| self.secret(name));
        Ok(Secrets { seal: seal?, pepper: pepper?, signing: signing?, ticket: ticket? })
    }

    fn secret(&self, name: &str) -> anyhow::Result<Secret> {
        let text = self.read_irreplaceable(name)?;
        let bytes = HEXLOWER.decode(text.trim().as_bytes()).ok();
        match bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
            Some(bytes) => Ok(Secret(bytes)),
            None => bail!("{}: expected 64 hex digits", self.file(name).display()),
        }
    }

    fn succession(&self) -> anyhow::Result<Succession> {
        let text = self.read_irreplaceable("ca.pem")?;
        Succession::parse(&text).with_context(|| self.file("ca.pem").display().to_string())
    }

    fn broker(
        &self,
        authority: &Authority,
        names: &[String],
        now: Timestamp,
    ) -> anyhow::Result<Issued> {
        let mut all = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
        all.extend_from_slice(names);
        let later = (now + LEAST_REMAINDER).as_millis();
        self.keep_or_replace(
            "broker.pem",
            |found| authority.vouches_for_server(&found.certificate_pem, &all, later),
            || authority.server(&all, not_before(now), not_after(now)),
        )
    }

    fn bridge(&self, authority: &Authority, now: Timestamp) -> anyhow::Result<Issued> {
        let later = (now + LEAST_REMAINDER).as_millis();
        self.keep_or_replace(
            "bridge.pem",
            |found| authority.vouches_for_client(&found.certificate_pem, later),
            || authority.client("bridge", not_before(now), not_after(now)),
        )
    }

    /// Certificate and key share a file, so that no crash leaves one without the other.
    fn keep_or_replace(
        &self,
        name: &str,
        is_fit: impl Fn(&Issued) -> bool,
        issue: impl Fn() -> authority::Result<Issued>,
    ) -> anyhow::Result<Issued> {
        let file = self.file(name);
        let found = match fs::read_to_string(&file) {
            Ok(text) => {
                let (certificate, key) = split(&text);
                Issued::from_pem(certificate, key).ok()
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        if let Some(found) = found.filter(is_fit) {
            return Ok(found);
        }
        let issued = issue()?;
        self.write(name, &format!("{}{}", issued.certificate_pem, issued.key_pem))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(issued)
    }

    fn read_irreplaceable(&self, name: &str) -> anyhow::Result<String> {
        let file = self.file(name);
        let text = fs::read_to_string(&file);
        if text.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            bail!("{} is lost: bring it back from a backup", file.display());
        }
        text.with_context(|| file.display().to_string())
    }

    fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        write(&self.file(name), text)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    sync_parent(path)
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn check_mode(path: &Path, expected: u32) -> anyhow::Result<()> {
    let metadata = fs::metadata(path).with_context(|| path.display().to_string())?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("{} is open to others (mode {mode:o}): expected {expected:o}", path.display());
    }
    Ok(())
}

/// Makes a rename in the folder survive a power cut.
pub(crate) fn sync_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn split(pem: &str) -> (&str, &str) {
    pem.split_at(pem.find(KEY_HEADER).unwrap_or(pem.len()))
}

fn not_before(now: Timestamp) -> i64 {
    (now - BACKDATING).as_millis()
}

fn not_after(now: Timestamp) -> i64 {
    (now + CERTIFICATE_LIFETIME).as_millis()
}

#[cfg(test)]
mod tests;
