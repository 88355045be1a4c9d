//! The line-oriented files of a Unix: hosts, resolv.conf, fstab, passwd, sshd_config, authorized_keys.
