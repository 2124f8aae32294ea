// The shop, as far as the example needs one: it does nothing, and fails where the event says so.
import { NonRetriableError } from '@stepwell/sdk';

/** What is to fail. */
export type Trouble = 'charge' | 'ship' | null;

/** The bank says no, and would say so again. */
class CardDeclined extends NonRetriableError {
  override name = 'CardDeclined';
}

/** No carrier takes the parcel, for now. */
class ShippingError extends Error {
  override name = 'ShippingError';
}

/** Answers the reservation. */
export const reserveStock = (order: string): string => `reservation-${order}`;

/** Answers the payment. */
export function chargeCard(order: string, trouble: Trouble = null): string {
  if (trouble === 'charge') throw new CardDeclined(`the card for order ${order} was declined`);
  return `payment-${order}`;
}

/** Answers the parcel's number. */
export function ship(order: string, trouble: Trouble = null): string {
  if (trouble === 'ship') throw new ShippingError(`no carrier takes order ${order}`);
  return `parcel-${order}`;
}

export const refundCard = (payment: string): string => `refund of ${payment}`;

export const releaseStock = (reservation: string): string => `release of ${reservation}`;
