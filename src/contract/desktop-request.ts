import * as z from 'zod';
import { type OperationName, operations } from './control.ts';
import { tunnelIdSchema } from './control-tunnel.ts';

const feed = z.int().min(1);
/** A login waits for a person. */
const maxTimeoutMs = 600_000;

/** What the preload asks of the app. The operation's input is checked by its own schema. */
export const desktopRequestSchema = z.discriminatedUnion('request', [
  z.strictObject({
    request: z.literal('call'),
    operation: z.enum(Object.keys(operations) as OperationName[]),
    input: z.unknown(),
    timeoutMs: z.int().min(1).max(maxTimeoutMs).optional(),
  }),
  /** Answers when there is news for the feed; a new feed's first begins with hello and a snapshot. */
  z.strictObject({ request: z.literal('news'), feed }),
  z.strictObject({ request: z.literal('end-feed'), feed }),
  z.strictObject({ request: z.literal('open-client'), tunnel: tunnelIdSchema }),
  z.strictObject({ request: z.literal('show-window'), tunnel: tunnelIdSchema.optional() }),
  z.strictObject({ request: z.literal('start-daemon') }),
]);

export type DesktopRequest = z.infer<typeof desktopRequestSchema>;
