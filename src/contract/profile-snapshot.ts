import * as z from 'zod';
import { profileOverrideSchema, profileSchema } from './profile.ts';

/** One thing wrong in one place. The message is one sentence that says what would be right, and never holds a secret. */
export const profileProblemSchema = z.object({
  file: z.string(),
  /** From 1. */
  line: z.number().int(),
  column: z.number().int(),
  /** Where in the document, as profiles.orders-db.port; empty for the whole. */
  at: z.string(),
  message: z.string(),
  /** An error's profile is refused; a warning's is not. */
  severity: z.enum(['error', 'warning']),
});

export type ProfileProblem = z.infer<typeof profileProblemSchema>;

/** One value that differs. Values are as canonical JSON; absent where there was or is none. */
export const profileChangeSchema = z.object({
  path: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
});

export type ProfileChange = z.infer<typeof profileChangeSchema>;

/**
 * own: from the user's own file. trusted: agreed to as it stands. untrusted: never agreed to. changed: agreed to once, and it is
 * not the same any more. Only own and trusted profiles start.
 */
export const profileTrustSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('own') }),
  z.object({ kind: z.literal('trusted') }),
  z.object({ kind: z.literal('untrusted') }),
  z.object({ kind: z.literal('changed'), changes: z.array(profileChangeSchema) }),
]);

export type ProfileTrust = z.infer<typeof profileTrustSchema>;

export const sourceKindSchema = z.enum(['user', 'project', 'folder', 'git']);
export type SourceKind = z.infer<typeof sourceKindSchema>;

export const listedProfileSchema = z.object({
  /** SOURCE/NAME: reaches this profile whatever others are called. */
  id: z.string(),
  name: z.string(),
  source: z.string(),
  sourceKind: sourceKindSchema,
  file: z.string(),
  line: z.number().int(),
  /** With the override applied: what is to be run. */
  profile: profileSchema,
  /** As its source has it: what is agreed to. */
  written: profileSchema,
  override: profileOverrideSchema.optional(),
  trust: profileTrustSchema,
  /** Of what was written and where it comes from; what an agreement names. */
  hash: z.string(),
});

export type ListedProfile = z.infer<typeof listedProfileSchema>;

export const listedSourceSchema = z.object({
  /** user, the name from the settings, or the path of a project's file. */
  key: z.string(),
  kind: sourceKindSchema,
  /** A path, or a repository's address without a password. */
  location: z.string(),
  /** absent: there is no file yet. unreadable: a file of it cannot be read now; what was read of that before still counts. */
  state: z.enum(['read', 'absent', 'unreadable']),
  /** git: the commit in use. */
  commit: z.string().optional(),
  /** git: a fetched commit that does not count until it is accepted, and what it would change. */
  pending: z
    .object({
      commit: z.string(),
      changes: z.array(z.object({ name: z.string(), changes: z.array(profileChangeSchema) })),
      problems: z.array(profileProblemSchema),
    })
    .optional(),
});

export type ListedSource = z.infer<typeof listedSourceSchema>;

export const profileSnapshotSchema = z.object({
  /** Grows with each snapshot of one store. */
  sequence: z.number().int(),
  sources: z.array(listedSourceSchema),
  /** In the order of their sources; the first of a name is the one that the bare name means. */
  profiles: z.array(listedProfileSchema),
  /** Names that are taken by a profile with errors, as SOURCE/NAME. */
  refused: z.array(z.object({ id: z.string(), file: z.string() })),
  groups: z.array(z.object({ name: z.string(), source: z.string(), members: z.array(z.string()) })),
  problems: z.array(profileProblemSchema),
});

export type ProfileSnapshot = z.infer<typeof profileSnapshotSchema>;
