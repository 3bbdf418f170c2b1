//! Librarians: they remember texts for users, and recall them.

use std::sync::Arc;

use super::super::wire::{MemoryKind, Task};
use super::Failure;
use super::handling::Handling;

/// The type of librarians.
pub(in super::super) const TYPE: &str = "librarian";

/// Remembers or recalls a text.
pub(super) async fn handle(handling: Arc<Handling>) -> Result<(), Failure> {
    let user = &handling.id().namespace;
    let memory = handling.memory();
    match handling.message.task {
        Task::Remember {
            topic,
            quality,
            kind,
        } => {
            let text = format!("{} on topic {topic}", handling.message.secret);
            let text = text.into();
            match kind {
                MemoryKind::Text => memory.remember(user, topic, text, quality),
                MemoryKind::Entity => memory.remember_entity(user, topic, text),
                MemoryKind::External => memory.keep(user, topic, text),
            }
            Ok(())
        }
        Task::Recall { topic } => {
            let found = memory.recall(user, topic);
            handling.recall(found.map(|found| found.text()));
            Ok(())
        }
        _ => Err(format!("{} only remembers", handling.id())),
    }
}
