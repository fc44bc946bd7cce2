import * as z from 'zod';
import { passwordSchema, questionSchema } from './control-question.ts';

/** A year: who wants longer wants no end. */
export const maxPasswordLifeMs = 366 * 86_400_000;

/** Where a password is kept that was asked for. memory: until the daemon ends, and why not for good where that was wanted. */
export const keptSchema = z.discriminatedUnion('in', [
  z.object({ in: z.literal(['keychain', 'file']) }),
  z.object({ in: z.literal('memory'), why: z.string().optional() }),
]);

/** Where a password came from, which may be recorded. */
export const passwordOriginSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal(['secret', 'config-map']),
    namespace: z.string(),
    name: z.string(),
    key: z.string(),
  }),
  z.object({ kind: z.literal('keychain'), kept: keptSchema }),
  z.object({ kind: z.literal(['command', 'environment', 'file']) }),
  /** The tunnel's own, by which programs log in at its gateway; what the database takes is never told. */
  z.object({
    kind: z.literal('tunnel'),
    kept: keptSchema,
    /** It lets nobody in from then on, ms since the epoch; absent: it does not end. */
    expiresAtMs: z.number().optional(),
  }),
]);

/** Something has to be asked first, which is among the questions until it is answered. Then the operation is to be called again. */
const asked = z.object({ kind: z.literal('asked'), question: questionSchema });

export const passwordAnswerSchema = z.discriminatedUnion('kind', [
  /** The profile does not say where a password is. */
  z.object({ kind: z.literal('none') }),
  z.object({
    kind: z.literal('found'),
    password: passwordSchema,
    origin: passwordOriginSchema,
    /** Of the profile; else what its source names. */
    user: z.string().optional(),
    /** Where its source names one. */
    database: z.string().optional(),
  }),
  asked,
]);

export const keepPasswordAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('kept'), kept: keptSchema }),
  z.object({ kind: z.literal('forgotten'), wasKept: z.boolean() }),
  asked,
]);

export type PasswordOrigin = z.infer<typeof passwordOriginSchema>;
