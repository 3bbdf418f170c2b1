//! The actions of the tools, and the state that all sessions share.

use std::collections::BTreeMap;

#[cfg(test)]
use rehearsal::tokio;
use tokio::sync::Mutex;

/// A mistake that the service can be built with, or none. Each is one that servers of
/// this kind have been shipped with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Defect {
    /// The service as it should be.
    #[default]
    None,
    /// The number of a ticket is read under one lock, and counted on under the next.
    CountsApart,
    /// The caller's name is kept in one place for all sessions, "because the handler
    /// serves one request at a time".
    OneCaller,
    /// Sessions are not pinged, so that a client that is gone without a word stays.
    NoHeartbeat,
}

/// A ticket that was handed out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// Its number; the first is 1.
    pub number: u32,
    /// The client that asked for it.
    pub owner: String,
    /// Its subject.
    pub subject: String,
}

/// The state that all sessions share.
#[derive(Debug)]
pub struct Service {
    pub(crate) defect: Defect,
    last_ticket: Mutex<u32>,
    tickets: Mutex<Vec<Ticket>>,
    notes: Mutex<BTreeMap<String, Vec<String>>>,
    caller: Mutex<String>,
    sessions: Mutex<Occupancy>,
    surveys: Mutex<u32>,
}

#[derive(Debug, Default)]
struct Occupancy {
    opened: u64,
    open: BTreeMap<u64, String>,
}

impl Service {
    /// A service that has handed out nothing yet.
    pub fn new(defect: Defect) -> Self {
        Self {
            defect,
            last_ticket: Mutex::new(0),
            tickets: Mutex::new(Vec::new()),
            notes: Mutex::new(BTreeMap::new()),
            caller: Mutex::new(String::new()),
            sessions: Mutex::new(Occupancy::default()),
            surveys: Mutex::new(0),
        }
    }

    /// Hands out the next ticket.
    pub async fn take_ticket(&self, owner: &str, subject: &str) -> Ticket {
        let number = if self.defect == Defect::CountsApart {
            let last = *self.last_ticket.lock().await;
            *self.last_ticket.lock().await = last + 1;
            last + 1
        } else {
            let mut last = self.last_ticket.lock().await;
            *last += 1;
            *last
        };
        let ticket = Ticket {
            number,
            owner: owner.to_owned(),
            subject: subject.to_owned(),
        };
        self.tickets.lock().await.push(ticket.clone());
        ticket
    }

    /// Keeps a note for the caller; all notes that it has now.
    pub async fn note(&self, caller: &str, text: &str) -> Vec<String> {
        *self.caller.lock().await = caller.to_owned();
        let mut notes = self.notes.lock().await;
        let owner = match self.defect {
            Defect::OneCaller => self.caller.lock().await.clone(),
            _ => caller.to_owned(),
        };
        let own = notes.entry(owner).or_default();
        own.push(text.to_owned());
        own.clone()
    }

    /// Every ticket that was handed out, in that order.
    pub async fn tickets(&self) -> Vec<Ticket> {
        self.tickets.lock().await.clone()
    }

    /// The clients whose sessions are open.
    pub async fn sessions(&self) -> Vec<String> {
        self.sessions.lock().await.open.values().cloned().collect()
    }

    /// The number of surveys that are being taken.
    pub async fn surveys(&self) -> u32 {
        *self.surveys.lock().await
    }

    pub(crate) async fn open_session(&self, client: String) -> u64 {
        let mut sessions = self.sessions.lock().await;
        sessions.opened += 1;
        let id = sessions.opened;
        sessions.open.insert(id, client);
        id
    }

    pub(crate) async fn close_session(&self, id: u64) {
        self.sessions.lock().await.open.remove(&id);
    }

    pub(crate) async fn count_survey(&self, change: i32) {
        let mut surveys = self.surveys.lock().await;
        *surveys = surveys.saturating_add_signed(change);
    }
}
