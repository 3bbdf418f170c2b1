//! A stock of goods that several customers order from, under test.
//!
//! An order of one piece looks and takes in one step. An order of more does so too
//! ([`Bulk::InOneStep`]), or looks first and takes later ([`Bulk::LookThenTake`]), which is a
//! race that only orders of several pieces can show.

#[cfg(not(test))]
use ::tokio;
#[cfg(test)]
use rehearsal::tokio;

#[cfg(test)]
mod tests;

use tokio::sync::Mutex;

/// An order of some pieces of one article.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// The article, by its place in the stock.
    pub article: usize,
    /// The number of pieces, at least 1.
    pub pieces: i64,
}

/// The treatment of orders of several pieces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bulk {
    /// Looking and taking are one step.
    InOneStep,
    /// Looking is one step, and taking another one.
    LookThenTake,
}

/// The pieces that are there of each article.
#[derive(Debug)]
pub struct Stock {
    pieces: Mutex<Vec<i64>>,
    bulk: Bulk,
}

impl Stock {
    /// Creates a stock of so many pieces of each article.
    pub fn new(pieces: Vec<i64>, bulk: Bulk) -> Self {
        Self {
            pieces: Mutex::new(pieces),
            bulk,
        }
    }

    /// Takes the pieces of an order, if they are there. Returns `true` if they were.
    ///
    /// # Panics
    ///
    /// If the stock has no such article.
    pub async fn place(&self, order: Order) -> bool {
        if order.pieces > 1 && self.bulk == Bulk::LookThenTake {
            let is_there = self.pieces.lock().await[order.article] >= order.pieces;
            if is_there {
                self.pieces.lock().await[order.article] -= order.pieces;
            }
            return is_there;
        }
        let there = &mut self.pieces.lock().await[order.article];
        let is_there = *there >= order.pieces;
        if is_there {
            *there -= order.pieces;
        }
        is_there
    }

    /// Returns the pieces that are left of each article.
    pub async fn left(&self) -> Vec<i64> {
        self.pieces.lock().await.clone()
    }
}
