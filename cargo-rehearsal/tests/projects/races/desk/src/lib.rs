//! A library on plain tokio, with six races.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify, RwLock, broadcast, mpsc};

/// A counter whose lock is released between its reading and its writing.
#[derive(Default)]
pub struct Counter {
    value: Mutex<u64>,
}

impl Counter {
    pub async fn add(&self, amount: u64) {
        let value = *self.value.lock().await;
        *self.value.lock().await = value + amount;
    }

    pub async fn value(&self) -> u64 {
        *self.value.lock().await
    }
}

/// Two accounts with a lock each: what is seen of the first may be over at the second.
pub struct Accounts {
    first: Mutex<u64>,
    second: Mutex<u64>,
}

impl Accounts {
    pub fn new(first: u64) -> Self {
        Self {
            first: Mutex::new(first),
            second: Mutex::new(0),
        }
    }

    pub async fn transfer_all(&self) {
        let balance = *self.first.lock().await;
        *self.second.lock().await += balance;
        *self.first.lock().await = 0;
    }

    pub async fn second(&self) -> u64 {
        *self.second.lock().await
    }
}

/// A ticket that is looked at, and then taken by a message to its owner.
pub struct Ticket {
    taken: Arc<RwLock<u64>>,
    requests: mpsc::Sender<()>,
}

impl Ticket {
    pub fn new() -> Self {
        let (requests, mut received) = mpsc::channel(8);
        let taken = Arc::new(RwLock::new(0));
        let owned = Arc::clone(&taken);
        tokio::spawn(async move {
            while received.recv().await.is_some() {
                *owned.write().await += 1;
            }
        });
        Self { taken, requests }
    }

    pub async fn take(&self) {
        if *self.taken.read().await == 0 {
            let _ = self.requests.send(()).await;
        }
    }

    pub async fn taken(&self) -> u64 {
        *self.taken.read().await
    }
}

impl Default for Ticket {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends a greeting and its answer from two tasks; nothing orders them.
pub async fn conversation() -> Vec<&'static str> {
    let (sender, mut received) = mpsc::channel(2);
    for line in ["hello", "and goodbye"] {
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(line).await });
    }
    drop(sender);
    let mut lines = Vec::new();
    while let Some(line) = received.recv().await {
        lines.push(line);
    }
    lines
}

/// A gate whose signal reaches only those that wait already.
#[derive(Default)]
pub struct Gate {
    open: RwLock<bool>,
    visitors: Mutex<u64>,
    opened: Notify,
}

impl Gate {
    pub async fn pass(&self) {
        if !*self.open.read().await {
            *self.visitors.lock().await += 1;
            self.opened.notified().await;
        }
    }

    pub async fn open(&self) {
        *self.open.write().await = true;
        self.opened.notify_waiters();
    }
}

/// A log whose readers get what is there, and later what comes.
pub struct Log {
    lines: Mutex<Vec<u64>>,
    readers: Mutex<u64>,
    news: broadcast::Sender<u64>,
}

impl Log {
    pub fn new() -> Self {
        Self {
            lines: Mutex::default(),
            readers: Mutex::default(),
            news: broadcast::Sender::new(16),
        }
    }

    pub async fn write(&self, line: u64) {
        self.lines.lock().await.push(line);
        let _ = self.news.send(line);
    }

    pub async fn read(&self) -> (Vec<u64>, broadcast::Receiver<u64>) {
        let lines = self.lines.lock().await.clone();
        *self.readers.lock().await += 1;
        (lines, self.news.subscribe())
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}
