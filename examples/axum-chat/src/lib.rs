//! A chat over WebSockets on axum, rehearsed.
