//! The boxup program.
fn main() {}
