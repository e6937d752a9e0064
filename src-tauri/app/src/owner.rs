//! Whose workstation this is: the operating-system user, who becomes the first admin.

use andon_domain::{Role, UserId};
use andon_engine::people::NewPerson;

/// The operating-system user: first admin of a single-user workstation.
pub(crate) fn first_admin() -> NewPerson {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let uid = rustix::process::getuid().as_raw();
    let name = name(|variable| std::env::var(variable).ok(), &accounts, uid);
    NewPerson {
        id: UserId::new(id_of(&name)),
        name,
        role: Role::Admin,
        is_demo: false,
    }
}

/// What the session says, else the account's name (services start without a session), else a plain word.
fn name(environment: impl Fn(&str) -> Option<String>, accounts: &str, uid: u32) -> String {
    let said = ["USER", "LOGNAME"].iter().find_map(|name| environment(name));
    said.map(|name| andon_domain::text::visible(name.trim(), 64))
        .filter(|name| !name.is_empty())
        .or_else(|| account(accounts, uid))
        .unwrap_or_else(|| "admin".to_owned())
}

/// The name of a user id in the text of `/etc/passwd`.
fn account(accounts: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

fn id_of(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '.'
        }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str =
        "root:x:0:0:root:/root:/bin/bash\nbroken\nerika:x:1000:1000:Erika M.:/home/erika:/bin/sh\n";

    #[test]
    fn the_session_is_asked_before_the_accounts() {
        let set = |variable: &str| (variable == "LOGNAME").then(|| "otto".to_owned());
        assert_eq!(name(set, ACCOUNTS, 1000), "otto");
        assert_eq!(name(|_| Some("  ".to_owned()), ACCOUNTS, 1000), "erika");
        assert_eq!(name(|_| None, ACCOUNTS, 0), "root");
        assert_eq!(name(|_| None, ACCOUNTS, 4711), "admin");
    }

    #[test]
    fn a_key_has_plain_characters_only() {
        assert_eq!(id_of("Erika Müller"), "erika.m.ller");
    }
}
