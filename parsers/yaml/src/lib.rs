//! YAML 1.1 as PyYAML's safe loader reads it, each node with its span.
