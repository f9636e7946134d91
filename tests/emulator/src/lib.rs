//! A strict stand-in for Box.
