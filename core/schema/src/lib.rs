//! JSON schemas of cloud-config and network-config: what they allow, and what a document does against them. Pure.
