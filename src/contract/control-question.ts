import * as z from 'zod';
import { tunnelIdSchema } from './control-tunnel.ts';
import { profileChangeSchema } from './profile-snapshot.ts';
import { errorDataSchema } from './tunnel-state.ts';

export const passwordSchema = z.string().min(1).max(4_096);

const asked = {
  id: z.string(),
  /** The tunnel that waits for it. */
  tunnel: tunnelIdSchema,
  askedAtMs: z.number(),
};

/** What a tunnel needs of its user. Whichever face is open may answer; until then the tunnel says `needs you`. */
export const questionSchema = z.discriminatedUnion('kind', [
  /** The policy asks before each start. */
  z.object({ ...asked, kind: z.literal('confirm'), environment: z.string().optional() }),
  /** The policy wants a reason, which must match the pattern where there is one. */
  z.object({
    ...asked,
    kind: z.literal('reason'),
    pattern: z.string().optional(),
    example: z.string().optional(),
  }),
  /** The profile is another's: agree to it as it is, by its hash. Changes against what was agreed to before. */
  z.object({
    ...asked,
    kind: z.literal('trust'),
    profile: z.string(),
    hash: z.string(),
    changes: z.array(profileChangeSchema).optional(),
  }),
  /** Somebody has to log in, outside or by the credential plugin, which runs when this is answered. */
  z.object({ ...asked, kind: z.literal('login'), error: errorDataSchema }),
  /** Of the user of the profile's connection hints. */
  z.object({ ...asked, kind: z.literal('password'), user: z.string().optional() }),
  /** Opens the file that passwords are kept in for this run of the daemon; where there is none yet, it is made. */
  z.object({ ...asked, kind: z.literal('passphrase'), isNew: z.boolean() }),
]);

export type Question = z.infer<typeof questionSchema>;

/** `no` takes the tunnel down that waits for the answer; none waits for a password or passphrase. */
export const answerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('no') }),
  z.strictObject({ kind: z.literal('confirm') }),
  z.strictObject({ kind: z.literal('reason'), reason: z.string().min(1).max(500) }),
  z.strictObject({ kind: z.literal('trust'), hash: z.string().max(128) }),
  z.strictObject({ kind: z.literal('login') }),
  z.strictObject({ kind: z.literal('password'), password: passwordSchema }),
  z.strictObject({ kind: z.literal('passphrase'), passphrase: passwordSchema }),
]);

export type QuestionAnswer = z.infer<typeof answerSchema>;
