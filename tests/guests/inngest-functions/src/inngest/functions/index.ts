// All functions, as a list: what would be given to `serve`.
import type { InngestFunction } from 'inngest';
import { closeAccount } from './accounts';
import { paymentReminder } from './billing';
import { syncContact } from './crm';
import { sendDigest, weeklyDigest } from './digest';
import { reindexDocument } from './documents';
import { importRows } from './imports';
import { onboardingDrip } from './onboarding';
import { chargeCard, fulfilOrder } from './orders';
import { notifyOfVideo, processVideo } from './videos';

export const functions: InngestFunction.Any[] = [
  onboardingDrip,
  weeklyDigest,
  sendDigest,
  paymentReminder,
  syncContact,
  reindexDocument,
  processVideo,
  notifyOfVideo,
  chargeCard,
  fulfilOrder,
  importRows,
  closeAccount,
];
