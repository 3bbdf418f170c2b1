//! Values that belong to a run.

use std::cell::RefCell;
use std::rc::Rc;

use rehearsal_sim::tokio::spawn;
use rehearsal_sim::{current, run};

use crate::support::config;

#[derive(Default)]
struct Names(RefCell<Vec<&'static str>>);

#[test]
fn all_tasks_share_the_value_of_a_type() {
    let outcome = run(config(1), |world| async move {
        assert!(world.insert_extension(Names::default()).is_none());
        assert!(world.extension::<String>().is_none());
        let task = spawn(async move {
            let names = world.extension::<Names>().expect("it was inserted");
            names.0.borrow_mut().push("task");
        });
        task.await.expect("the task returns");
        let names = world.extension::<Names>().expect("it is there");
        names.0.borrow().clone()
    });
    assert_eq!(outcome.value, Some(vec!["task"]));
}

#[test]
fn a_second_value_replaces_the_first() {
    let outcome = run(config(1), |world| async move {
        world.insert_extension(1_u32);
        let before = world.insert_extension(2_u32);
        (
            before.as_deref().copied(),
            world.extension::<u32>().as_deref().copied(),
        )
    });
    assert_eq!(outcome.value, Some((Some(1), Some(2))));
}

/// Records its drop, if that happens while a run is entered.
struct Dropped(Rc<RefCell<Vec<&'static str>>>, &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        if current().is_some() {
            self.0.borrow_mut().push(self.1);
        }
    }
}

#[test]
fn values_are_dropped_within_the_run_and_after_its_tasks() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let dropped = Rc::clone(&order);
    run(config(1), |world| async move {
        world.insert_extension(Dropped(Rc::clone(&dropped), "value"));
        let held = Dropped(dropped, "task");
        world.spawn_on(world.current_host(), async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        world.settled().await;
    });
    assert_eq!(*order.borrow(), ["task", "value"]);
}

#[test]
fn each_run_has_values_of_its_own() {
    for _ in 0..2 {
        let outcome = run(config(1), |world| async move {
            let before = world.extension::<u32>().is_some();
            world.insert_extension(7_u32);
            before
        });
        assert_eq!(outcome.value, Some(false));
    }
}
