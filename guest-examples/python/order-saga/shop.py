"""The shop, as far as the example needs one: it does nothing, and fails where the event says so."""

from typing import Literal

from stepwell import NonRetriableError

Trouble = Literal["charge", "ship"] | None
"""What is to fail."""


class CardDeclined(NonRetriableError):
    """The bank says no, and would say so again."""


class ShippingError(Exception):
    """No carrier takes the parcel, for now."""


def reserve_stock(order: str) -> str:
    """Answers the reservation."""
    return f"reservation-{order}"


def charge_card(order: str, fails_at: Trouble) -> str:
    """Answers the payment."""
    if fails_at == "charge":
        raise CardDeclined(f"the card for order {order} was declined")
    return f"payment-{order}"


def ship(order: str, fails_at: Trouble) -> str:
    """Answers the parcel's number."""
    if fails_at == "ship":
        raise ShippingError(f"no carrier takes order {order}")
    return f"parcel-{order}"


def refund_card(payment: str) -> str:
    return f"refund of {payment}"


def release_stock(reservation: str) -> str:
    return f"release of {reservation}"
