import * as z from 'zod';
import { questionSchema } from './control-question.ts';
import { sandboxStatusSchema } from './control-sandbox.ts';
import { tunnelIdSchema, tunnelSchema } from './control-tunnel.ts';
import { profileSnapshotSchema } from './profile-snapshot.ts';

/** Grows by one with each event of one daemon; a gap cannot happen, a smaller one means another daemon. */
const sequenced = { sequence: z.int() };

/**
 * What the WebSocket sends, one JSON text a message: hello first, then one snapshot, then whole entities as they change. Counters of a
 * busy tunnel come at most once a second, states at once.
 */
export const controlEventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('hello'),
    protocol: z.int(),
    version: z.string(),
    pid: z.int(),
    startedAtMs: z.number(),
  }),
  z.object({
    event: z.literal('snapshot'),
    ...sequenced,
    tunnels: z.array(tunnelSchema),
    questions: z.array(questionSchema),
    profiles: profileSnapshotSchema,
    /** Absent: of a daemon that has none. */
    sandbox: sandboxStatusSchema.optional(),
  }),
  z.object({ event: z.literal('tunnel'), ...sequenced, tunnel: tunnelSchema }),
  z.object({ event: z.literal('tunnel-gone'), ...sequenced, id: tunnelIdSchema }),
  z.object({ event: z.literal('question'), ...sequenced, question: questionSchema }),
  z.object({ event: z.literal('question-gone'), ...sequenced, id: z.string() }),
  z.object({ event: z.literal('sandbox'), ...sequenced, sandbox: sandboxStatusSchema }),
  z.object({ event: z.literal('profiles'), ...sequenced, profiles: profileSnapshotSchema }),
]);

export type ControlEvent = z.infer<typeof controlEventSchema>;
