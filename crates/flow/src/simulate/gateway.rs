//! The simulated gateway: it reports only what a real one could.

use super::script::Outcome;
use crate::OrderRequest;

/// An order of a simulated deal, and its payments so far.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) request: OrderRequest,
    money: Money,
}

/// The state of an order's own payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Money {
    Awaited,
    Paid,
    GivenBack,
}

impl Order {
    pub(super) fn new(request: OrderRequest) -> Self {
        let money = Money::Awaited;
        Self { request, money }
    }

    /// Applies an outcome, or says why a gateway would not report it.
    pub(super) fn apply(&mut self, outcome: &Outcome) -> Result<(), String> {
        let paid = self.money != Money::Awaited;
        let price = self.request.price.amount;
        match outcome {
            Outcome::Ready => Ok(()),
            Outcome::Paid if paid => {
                Err("the order is paid already: `repeated` is more money for it".to_owned())
            }
            Outcome::Failed if paid => {
                Err("the order is paid already: no attempt fails any more".to_owned())
            }
            Outcome::WrongAmount(_) if paid => {
                Err("the order is paid already: any more money for it is `repeated`".to_owned())
            }
            Outcome::WrongAmount(amount) if *amount == price => {
                Err(format!("{amount} is the amount that was asked for: `paid`"))
            }
            Outcome::Repeated if !paid => Err("the order is not paid yet: `paid`".to_owned()),
            Outcome::Refunded if !paid => Err("the order is not paid yet".to_owned()),
            Outcome::Refunded if self.money == Money::GivenBack => {
                Err("the order's money is back already".to_owned())
            }
            Outcome::Paid => {
                self.money = Money::Paid;
                Ok(())
            }
            Outcome::Refunded => {
                self.money = Money::GivenBack;
                Ok(())
            }
            Outcome::Failed | Outcome::WrongAmount(_) | Outcome::Repeated => Ok(()),
        }
    }
}
