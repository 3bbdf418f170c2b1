//! Tests of the oracles: each lets healthy evidence pass, and finds each kind of
//! corruption.

mod builder;
mod corruptions;
mod crash;
mod excuses;
mod findings;
mod healthy;
mod limits;
mod plans;
mod properties;
mod requests;
