//! Cellucid without a server.
