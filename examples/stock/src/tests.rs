//! Two customers with random orders. Orders and schedule are choices of one run, so that they
//! are recorded, replayed and shrunk together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::strategy::Strategy;
use rehearsal::prelude::*;
use rehearsal::{Test, TestLocation};

use crate::tokio::spawn;
use crate::{Bulk, Order, Stock};

/// An order of one of two articles.
fn orders() -> impl Strategy<Value = Vec<Order>> {
    let order = (0..2_usize, 1..=4_i64);
    vec(
        order.prop_map(|(article, pieces)| Order { article, pieces }),
        1..=3,
    )
}

/// Serves two customers at once. No article is sold more often than it is there.
async fn serve(world: World, bulk: Bulk) {
    let pieces = world.generate("pieces", &vec(1..=6_i64, 2));
    let stock = Arc::new(Stock::new(pieces.clone(), bulk));
    let customers = ["ann", "ben"].map(|name| {
        let orders = world.generate(name, &orders());
        let stock = Arc::clone(&stock);
        spawn(async move {
            world.name_task(name);
            for order in &orders {
                stock.place(*order).await;
            }
            orders
        })
    });
    let mut placed = Vec::new();
    for customer in customers {
        placed.push(customer.await.expect("no customer fails"));
    }
    let left = stock.left().await;
    let oversold = left.iter().any(|pieces| *pieces < 0);
    assert!(
        !oversold,
        "of {pieces:?} pieces {left:?} are left after {placed:?}"
    );
}

#[rehearsal::test(seeds = 200)]
async fn stock_is_never_oversold(world: World) {
    serve(world, Bulk::InOneStep).await;
}

/// The run that is shown has fewer orders than the one that was found.
#[test]
fn looking_before_taking_oversells_and_data_and_schedule_shrink_together() {
    let test = Test::new(TestLocation {
        package: env!("CARGO_PKG_NAME"),
        module: module_path!(),
        name: "looking_before_taking_oversells",
        file: file!(),
    });
    let failed = catch_unwind(AssertUnwindSafe(|| {
        test.seeds(8..508)
            .run(|world| serve(world, Bulk::LookThenTake));
    }));
    let payload = failed.expect_err("a run oversells");
    let report = payload.downcast_ref::<String>().expect("a text");
    let orders = |line: &str| line.matches("Order {").count();
    let panics = report.lines().filter(|line| line.contains("pieces [-"));
    let panics: Vec<usize> = panics.map(orders).collect();
    let [found, shrunk] = panics[..] else {
        panic!("{report}");
    };
    assert!(shrunk < found && shrunk <= 3, "{report}");
}
