//! The disk: what is there, what its bytes are, and when to look again.
