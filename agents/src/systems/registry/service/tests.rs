//! Tests of the WebSocket manager: events until they are acknowledged, and connections that
//! take each other's place.

use std::sync::Arc;

use super::super::wire::{AgentId, Content, Event, Place, ServiceFrame, UserContext};
use super::manager::{Connection, Removal, WebSocketManager, Window};
use crate::event::{EventKind, UserId};

const USER: UserId = UserId(1);

fn manager(window: u32) -> WebSocketManager {
    WebSocketManager::new(window, Removal::ById)
}

fn event(user: UserId) -> Event {
    Event {
        id: "event".into(),
        user,
        agent: AgentId("agent".into()),
        kind: EventKind::AgentThinking,
        timestamp: 0,
        context: UserContext {
            conversation: 1,
            secret: "secret".into(),
        },
        content: Content::default(),
    }
}

/// Returns the places of the events that are due on a connection.
fn due(manager: &WebSocketManager, connection: &Connection) -> (Vec<u64>, Window) {
    let mut batch = Vec::new();
    let window = manager.collect(connection, &mut batch);
    let places = batch.into_iter().filter_map(|frame| match frame {
        ServiceFrame::Event { place, .. } => Some(place.0),
        _ => None,
    });
    (places.collect(), window)
}

#[test]
fn events_wait_for_their_user_and_are_numbered() {
    let manager = manager(16);
    for _ in 0..3 {
        manager.send_to_user(event(USER));
    }
    manager.send_to_user(event(UserId(2)));
    let connection = manager.attach(USER, Place(0));
    assert_eq!(due(&manager, &connection), (vec![1, 2, 3], Window::Open));
    assert_eq!(due(&manager, &connection), (vec![], Window::Open));
    assert!(!manager.owes_nothing(&connection));
    manager.acknowledge(&connection, Place(3));
    assert!(manager.owes_nothing(&connection));
}

#[test]
fn full_window_holds_events_back_until_one_is_acknowledged() {
    let manager = manager(2);
    let connection = manager.attach(USER, Place(0));
    for _ in 0..4 {
        manager.send_to_user(event(USER));
    }
    assert_eq!(due(&manager, &connection), (vec![1, 2], Window::Full));
    manager.acknowledge(&connection, Place(1));
    assert_eq!(due(&manager, &connection), (vec![3], Window::Full));
    manager.acknowledge(&connection, Place(3));
    assert_eq!(due(&manager, &connection), (vec![4], Window::Open));
}

#[test]
fn next_connection_resumes_after_the_last_event_that_was_seen() {
    let manager = manager(16);
    let first = manager.attach(USER, Place(0));
    for _ in 0..3 {
        manager.send_to_user(event(USER));
    }
    assert_eq!(due(&manager, &first).0, [1, 2, 3]);
    let second = manager.attach(USER, Place(1));
    assert!(first.replaced.is_cancelled());
    assert_eq!(due(&manager, &first).0, Vec::<u64>::new());
    assert_eq!(due(&manager, &second).0, [2, 3]);
}

#[test]
fn end_of_an_old_connection_takes_nothing_from_the_new_one() {
    for (removal, due_after) in [(Removal::ById, vec![1]), (Removal::ByUser, vec![])] {
        let manager = WebSocketManager::new(16, removal);
        let old = manager.attach(USER, Place(0));
        let new = manager.attach(USER, Place(0));
        let away = manager.detach(&old);
        assert_eq!(away.is_none(), removal == Removal::ById);
        manager.send_to_user(event(USER));
        assert_eq!(due(&manager, &new).0, due_after);
    }
}

#[test]
fn user_that_comes_back_is_away_no_longer() {
    let manager = manager(16);
    let connection = manager.attach(USER, Place(0));
    let away = manager.detach(&connection).expect("it was the user's");
    assert!(!away.is_cancelled());
    manager.attach(USER, Place(0));
    assert!(away.is_cancelled());
}

#[test]
fn goodbye_leaves_nothing_and_numbers_go_on() {
    let manager = manager(16);
    let connection = manager.attach(USER, Place(0));
    manager.send_to_user(event(USER));
    manager.acknowledge(&connection, Place(1));
    manager.forget(&connection);
    assert_eq!(manager.held(), (Vec::new(), Vec::<Arc<str>>::new()));
    let connection = manager.attach(USER, Place(1));
    manager.send_to_user(event(USER));
    assert_eq!(due(&manager, &connection).0, [2]);
}
