//! The attribute `#[rehearsal::test]`.
