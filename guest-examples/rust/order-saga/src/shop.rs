//! The shop, as far as the example needs one: it does nothing, and fails where the event says so.

use serde::Deserialize;
use stepwell::{Error, Result};

/// The step that is to fail.
#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    Charge,
    Ship,
}

/// Returns the reservation.
pub fn reserve_stock(order: &str) -> Result<String> {
    Ok(format!("reservation-{order}"))
}

/// Returns the payment.
pub fn charge_card(order: &str, fails_at: Option<Trouble>) -> Result<String> {
    if fails_at == Some(Trouble::Charge) {
        // The bank says no, and would say so again.
        return Err(Error::new("CardDeclined", format!("the card for order {order} was declined")).non_retriable());
    }
    Ok(format!("payment-{order}"))
}

/// Returns the parcel's number.
pub fn ship(order: &str, fails_at: Option<Trouble>) -> Result<String> {
    if fails_at == Some(Trouble::Ship) {
        return Err(Error::new("ShippingError", format!("no carrier takes order {order}")));
    }
    Ok(format!("parcel-{order}"))
}

pub fn refund_card(payment: &str) -> Result<String> {
    Ok(format!("refund of {payment}"))
}

pub fn release_stock(reservation: &str) -> Result<String> {
    Ok(format!("release of {reservation}"))
}
