//! The user that root becomes.

use anyhow::{Context, Result, anyhow};
use nix::unistd::{self, Gid, Uid, geteuid, setgroups, setresgid, setresuid};

/// Whom a process runs as in the end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    name: String,
    uid: Uid,
    gid: Gid,
    /// Nobody asked for this one.
    by_default: bool,
}

impl User {
    /// The user of `-Z`; else the one who called sudo, else `nobody`. None for those who are not root: they stay who they
    /// are.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn of(asked: Option<&str>) -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        if let Some(name) = asked {
            let user = match name.parse() {
                Ok(number) => unistd::User::from_uid(Uid::from_raw(number)),
                Err(_) => unistd::User::from_name(name),
            };
            let user = user.with_context(|| format!("-Z {name}"))?;
            let user = user.ok_or_else(|| anyhow!("-Z {name}: there is no such user"))?;
            return Ok(Some(Self::from_system(user, false)));
        }
        let caller = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
        let caller = caller.filter(|uid| *uid > 0).and_then(|uid| unistd::User::from_uid(Uid::from_raw(uid)).ok()?);
        let nobody = || unistd::User::from_name("nobody").ok()?;
        Ok(Some(caller.or_else(nobody).map_or_else(Self::overflow, |user| Self::from_system(user, true))))
    }

    fn from_system(user: unistd::User, by_default: bool) -> Self {
        Self { name: user.name, uid: user.uid, gid: user.gid, by_default }
    }

    /// The kernel's own nobody, where no list has one.
    fn overflow() -> Self {
        Self { name: "65534".to_owned(), uid: Uid::from_raw(65_534), gid: Gid::from_raw(65_534), by_default: true }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Becomes this user for good.
    pub(super) fn become_it(&self) -> Result<()> {
        if self.uid.is_root() {
            return Ok(());
        }
        let become_it = || -> nix::Result<()> {
            setgroups(&[self.gid])?;
            setresgid(self.gid, self.gid, self.gid)?;
            setresuid(self.uid, self.uid, self.uid)
        };
        match become_it() {
            // Root of a user namespace, in which there are no others: it has nothing to give up but its capabilities.
            Err(nix::Error::EPERM | nix::Error::EINVAL) if self.by_default => Ok(()),
            done => Ok(done?),
        }
    }
}
