//! Ids of everything that a history speaks of, and the words that print them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident => $kind:ident, $field:ident, $word:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(
                Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize,
            )]
            #[serde(transparent)]
            pub struct $name(pub u64);

            impl From<$name> for EntityId {
                fn from(id: $name) -> Self {
                    Self { kind: EntityKind::$kind, number: id.0 }
                }
            }
        )*

        /// The kinds of ids.
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize,
        )]
        #[serde(rename_all = "lowercase")]
        pub enum EntityKind {
            $($(#[$doc])* $kind,)*
        }

        impl EntityKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The word of the field's own vocabulary, for example `message`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($field),)*
                }
            }
        }

        /// The words by which a system prints its ids: one says `event-7` where
        /// another says `message-7`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct Vocabulary {
            $($(#[$doc])* pub $field: &'static str,)*
        }

        impl Vocabulary {
            /// The word of one kind.
            pub fn word(&self, kind: EntityKind) -> &'static str {
                match kind {
                    $(EntityKind::$kind => self.$field,)*
                }
            }
        }

        impl Default for Vocabulary {
            fn default() -> Self {
                Self { $($field: $word,)* }
            }
        }
    };
}

ids! {
    /// One message: handed to the system once, received any number of times.
    MessageId => Message, message, "message";
    /// An address that messages are sent to and subscribed to: a thread, a mailbox, a topic.
    ChannelId => Channel, channel, "channel";
    /// A sequence of messages whose order the system must keep.
    StreamId => Stream, stream, "stream";
    /// A party that records: a client, an agent, a server node, the fault injector.
    ActorId => Actor, actor, "actor";
    /// Something that begins and ends: an agent's run, a session, a tool call.
    SpanId => Span, span, "span";
    /// An owner of channels and spans, isolated from the others: a user, a tenant.
    TenantId => Tenant, tenant, "tenant";
    /// A shared object that operations are invoked on.
    ObjectId => Object, object, "object";
    /// One operation on an object.
    OperationId => Operation, operation, "operation";
}

/// An id together with its kind, as witnesses name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct EntityId {
    /// The kind of the id.
    pub kind: EntityKind,
    /// The number of the entity among those of its kind.
    pub number: u64,
}

/// The printed names of a history's entities.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    vocabulary: Vocabulary,
    given: BTreeMap<EntityId, Arc<str>>,
}

impl Names {
    /// Names made of those words and the entities' numbers.
    pub fn new(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            given: BTreeMap::new(),
        }
    }

    /// Gives an entity a name of its own in the place of word and number.
    pub fn give(&mut self, id: impl Into<EntityId>, name: impl Into<Arc<str>>) {
        self.given.insert(id.into(), name.into());
    }

    /// Returns the name that an entity was given, if it was given one.
    pub fn given(&self, id: impl Into<EntityId>) -> Option<&str> {
        self.given.get(&id.into()).map(AsRef::as_ref)
    }

    /// Returns the word for entities of a kind.
    pub fn word(&self, kind: EntityKind) -> &'static str {
        self.vocabulary.word(kind)
    }

    /// Returns the word for spans, which labels their notes in a trace.
    pub fn word_of_spans(&self) -> &'static str {
        self.vocabulary.span
    }

    /// Returns the printed name of an entity, for example `event-7`.
    pub fn of(&self, id: impl Into<EntityId>) -> Name<'_> {
        Name {
            names: self,
            id: id.into(),
        }
    }
}

/// The printed name of one entity; see [`Names::of`].
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    names: &'a Names,
    id: EntityId,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names.given.get(&self.id) {
            Some(name) => f.write_str(name),
            None => {
                // Every note has several names: three writes cost less than a format.
                f.write_str(self.names.vocabulary.word(self.id.kind))?;
                f.write_str("-")?;
                fmt::Display::fmt(&self.id.number, f)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_use_the_vocabulary_unless_given() {
        let mut names = Names::new(Vocabulary {
            message: "event",
            ..Vocabulary::default()
        });
        names.give(ChannelId(4), "orders");
        assert_eq!(names.of(MessageId(7)).to_string(), "event-7");
        assert_eq!(names.of(SpanId(1)).to_string(), "span-1");
        assert_eq!(names.of(ChannelId(4)).to_string(), "orders");
    }

    #[test]
    fn every_kind_has_its_own_word() {
        let vocabulary = Vocabulary::default();
        for kind in EntityKind::ALL {
            assert_eq!(vocabulary.word(*kind), kind.as_str());
        }
    }
}
