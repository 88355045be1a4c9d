//! What distributions share: package managers, service managers, shadow-utils, hostnamectl, locale.
