//! Boolean strings as cloud-init's configuration spells them.
