//! Renderers and activators: network state to the files and commands of a network manager.
