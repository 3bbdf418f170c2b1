//! A JSON gateway before two workers on hyper, rehearsed.
