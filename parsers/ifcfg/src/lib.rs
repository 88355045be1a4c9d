//! ifcfg and other sysconfig files: shell assignments that read back byte for byte.
