/** Profiles as a window makes and changes them: edits of the user's own file, and what goes before an edit. Nothing here holds a secret. */
import * as z from 'zod';
import { clusterObjectSchema } from './control-objects.ts';
import { profileNameSchema, profileOverrideSchema, profileSchema } from './profile.ts';
import { sourceSettingsSchema } from './profile-file.ts';
import { profileProblemSchema } from './profile-snapshot.ts';

const member = z.string().min(1).max(128);
const members = z.array(member).min(1).max(1_000).readonly();

/** One change of a profile file. */
export const profileEditSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('add'), name: profileNameSchema, profile: profileSchema }),
  z.strictObject({ kind: z.literal('change'), name: profileNameSchema, profile: profileSchema }),
  /** In its groups too. It is another profile then: what was kept of the one of that name, its free port and its password, is not its. */
  z.strictObject({ kind: z.literal('rename'), name: profileNameSchema, to: profileNameSchema }),
  /** Also takes it out of its groups. */
  z.strictObject({ kind: z.literal('remove'), name: profileNameSchema }),
  /** Without an override the one that is there is taken out. */
  z.strictObject({
    kind: z.literal('override'),
    source: z.string().min(1).max(4_096),
    name: profileNameSchema,
    override: profileOverrideSchema.optional(),
  }),
  z.strictObject({
    kind: z.literal('add-source'),
    name: z.string().min(1).max(63),
    settings: sourceSettingsSchema,
  }),
  /** Also takes its profiles out of groups, and its overrides away. */
  z.strictObject({ kind: z.literal('remove-source'), name: z.string().min(1).max(63) }),
  /** Makes the group, or adds to it what is not in it yet. */
  z.strictObject({ kind: z.literal('join-group'), name: member, members }),
  /** Without members the whole group; one that is left empty goes too. */
  z.strictObject({ kind: z.literal('leave-group'), name: member, members: members.optional() }),
]);

export type ProfileEdit = z.infer<typeof profileEditSchema>;

const madeProfile = { name: profileNameSchema, profile: profileSchema };
/** What could not be carried over, and why. */
const notCarried = z.array(z.object({ what: z.string(), reason: z.string() }));

export const writtenProfileInput = z.strictObject({
  name: profileNameSchema,
  /** The profile alone, without its name. */
  yaml: z.string().max(64 * 1024),
});

export const writtenProfileSchema = z.object({
  /** Absent where a problem is an error. */
  profile: profileSchema.optional(),
  /** Lines and columns count in the YAML that was given, from 1. */
  problems: z.array(profileProblemSchema.omit({ file: true })),
});

export const importedSchema = z.object({ profiles: z.array(z.object(madeProfile)), notCarried });

export const proposalSchema = z.object({ ...madeProfile, notCarried });

/** Names an object of `objects`, and what of it. */
export const proposalInput = z.strictObject({
  context: z.string().min(1).max(253).optional(),
  kind: clusterObjectSchema.shape.kind,
  namespace: z.string().min(1).max(253),
  object: z.string().min(1).max(253),
  /** That pod of a StatefulSet alone. */
  ordinal: z.int().min(0).max(100_000).optional(),
  /** Default: the one that a database answers on, else the first. */
  port: z.union([z.int().min(1).max(65_535), z.string().max(63)]).optional(),
});
