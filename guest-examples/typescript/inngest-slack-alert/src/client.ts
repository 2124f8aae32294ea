// The client that makes the functions.
import { Inngest } from 'inngest';

export const inngest = new Inngest({ id: 'shop' });
