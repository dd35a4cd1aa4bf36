//! Starts actors whose mailbox has its final capacity from the first message on; actix gives a mailbox 16
//! places until its actor has started.

use actix::dev::channel::channel;
use actix::prelude::*;

/// Starts an actor on an arbiter with this mailbox capacity. Messages may be sent at once.
pub fn start<A>(
    arbiter: &ArbiterHandle,
    capacity: usize,
    make: impl FnOnce(&mut Context<A>) -> A + Send + 'static,
) -> Addr<A>
where
    A: Actor<Context = Context<A>>,
{
    let (sender, receiver) = channel(capacity);
    arbiter.spawn_fn(move || {
        let mut context = Context::with_receiver(receiver);
        let actor = make(&mut context);
        context.run(actor);
    });
    Addr::new(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Idle;

    impl Actor for Idle {
        type Context = Context<Self>;
    }

    #[derive(Message)]
    #[rtype(result = "()")]
    struct Nothing;

    impl Handler<Nothing> for Idle {
        type Result = ();

        fn handle(&mut self, _: Nothing, _: &mut Self::Context) {}
    }

    #[actix_rt::test]
    async fn what_is_sent_before_it_has_started_has_its_place() {
        let arbiter = Arbiter::new();
        let (begin, begun) = std::sync::mpsc::channel::<()>();
        // The arbiter starts nothing else until this function ends.
        arbiter.spawn_fn(move || begun.recv().unwrap());
        let actor = start(&arbiter.handle(), 100, |_| Idle);
        for _ in 0..100 {
            assert!(actor.try_send(Nothing).is_ok());
        }
        begin.send(()).unwrap();
        actor.send(Nothing).await.unwrap();
    }
}
