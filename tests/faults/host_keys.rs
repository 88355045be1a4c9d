//! A machine has a host key after every boot: without one, sshd does not start and nobody can log in to mend it.

use crate::machine::{Machine, image, seeded};

const RSA: &str = "/etc/ssh/ssh_host_rsa_key";

#[test]
fn the_images_keys_stay_if_none_can_be_generated() {
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\n"));
    machine.remove("/usr/bin/ssh-keygen");
    let booted = machine.boot();
    assert_eq!(machine.text(RSA).as_deref(), Some("the key of the image\n"));
    booted.warned("cannot generate a rsa host key: keeping the image's");
}

/// An RSA key takes longer than all users: they are created meanwhile.
#[test]
fn keys_are_generated_once_beside_the_creation_of_users() {
    let user_data = "#cloud-config\nusers: [{name: bob}]\nssh_genkeytypes: [rsa, ed25519]\n";
    let machine = Machine::new(seeded(image(), "i-one", user_data));
    let booted = machine.boot();
    let places = |text: &str| -> Vec<usize> {
        let all = booted.commands.iter().enumerate();
        all.filter(|(_, line)| line.contains(text)).map(|(place, _)| place).collect()
    };
    let (keys, users) = (places("ssh-keygen -t"), places("useradd bob"));
    assert_eq!((keys.len(), users.len()), (2, 1), "{:?}", booted.commands);
    assert!(keys.iter().all(|key| *key < users[0]), "{:?}", booted.commands);
    assert_ne!(machine.text(RSA).as_deref(), Some("the key of the image\n"));
    assert!(machine.has("/etc/ssh/ssh_host_ed25519_key") && !machine.has(&format!("{RSA}.image")));
    // Nothing is generated for keys that are given, or that may stay, and nothing twice.
    for rest in ["ssh_keys: {ed25519_private: PRIVATE, ed25519_public: PUBLIC}", "ssh_genkeytypes: null"] {
        let user_data = format!("#cloud-config\nusers: [{{name: bob}}]\n{rest}\n");
        let booted = Machine::new(seeded(image(), "i-one", user_data)).boot();
        assert!(!booted.ran("ssh-keygen -t"), "{rest}: {:?}", booted.commands);
    }
    assert!(!machine.boot().ran("ssh-keygen"), "once per instance");
}

/// `ssh_keys` gives other types than the image has: the image's are removed once those are written.
#[test]
fn provided_keys_replace_the_images() {
    let keys = "#cloud-config\nssh_keys: {ed25519_private: PRIVATE, ed25519_public: PUBLIC}\n";
    let machine = Machine::new(seeded(image(), "i-one", keys));
    machine.boot();
    assert_eq!(machine.text("/etc/ssh/ssh_host_ed25519_key").as_deref(), Some("PRIVATE"));
    assert!(!machine.has(RSA));
}

/// The power may go after any effect: then the image's key is in its place or aside, or has its successor, and the next
/// boot leaves a key of this machine and nothing else.
#[test]
fn a_power_cut_never_leaves_a_machine_without_host_keys() {
    for effects in 0.. {
        let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\n"));
        let ended = machine.boot_with(Some(effects)).is_ok();
        let key = |path: &str| machine.text(path).is_some_and(|key| !key.is_empty());
        assert!(key(RSA) || key(&format!("{RSA}.image")), "no key after {effects} effects");
        if !ended {
            machine.boot();
        }
        assert_ne!(
            machine.text(RSA).unwrap_or_default(),
            "the key of the image\n",
            "after {effects} effects"
        );
        assert!(key(RSA) && key(&format!("{RSA}.pub")), "no key at the boot after {effects} effects");
        for rest in [".image", ".image.pub"] {
            assert!(!machine.has(&format!("{RSA}{rest}")), "{RSA}{rest} stays after {effects} effects");
        }
        if ended {
            return;
        }
    }
}
