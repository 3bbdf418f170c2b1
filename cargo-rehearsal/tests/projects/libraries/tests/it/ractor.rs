use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

struct Counter;

enum Message {
    Add(u32),
    Total(RpcReplyPort<u32>),
}

impl Actor for Counter {
    type Msg = Message;
    type State = u32;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<u32, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        total: &mut u32,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Add(amount) => *total += amount,
            Message::Total(port) => port.send(*total)?,
        }
        Ok(())
    }
}

/// Sends to an actor from two tasks, and takes the total.
pub(super) async fn program() {
    let (actor, ended) = Actor::spawn(None, Counter, ()).await.unwrap();
    let senders = [1, 2].map(|amount| {
        let actor = actor.clone();
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            actor.cast(Message::Add(amount)).unwrap();
        })
    });
    for sender in senders {
        sender.await.unwrap();
    }
    let total = ractor::call!(actor, Message::Total).unwrap();
    assert_eq!(total, 3);
    actor.stop(None);
    ended.await.unwrap();
}
