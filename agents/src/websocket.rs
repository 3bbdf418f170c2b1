//! WebSocket connections as every system of this crate opens them.

use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Returns the settings of a connection. Its buffers are small: what waits for a slow
/// client waits in the system, where it is counted.
pub(crate) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .max_message_size(Some(1 << 20))
        .max_frame_size(Some(1 << 20))
}
