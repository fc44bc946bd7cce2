import * as z from 'zod';
import { profileNameSchema, profileOverrideSchema, profileSchema } from './profile.ts';

const ref = (right: string) =>
  z
    .string(right)
    .regex(/^[A-Za-z0-9][\w./-]{0,199}$/, right)
    .refine((name) => !name.includes('..'), right);

const folderSourceSchema = z.strictObject({
  folder: z
    .string('a path')
    .regex(/^(~\/|\/|[A-Za-z]:\\)[^\0]{0,4000}$/, 'an absolute path or one that starts with ~/')
    .describe('A folder whose *.yaml files hold profiles.'),
});

const gitSourceSchema = z.strictObject({
  git: z
    .string('the address of a git repository')
    .regex(
      /^(https:\/\/[^\s]{1,1000}|ssh:\/\/[^\s-][^\s]{0,1000}|file:\/\/\/[^\s]{1,1000}|\/[^\0\n]{1,1000}|[A-Za-z0-9][\w.-]{0,100}@[A-Za-z0-9][\w.-]{0,253}:[^\s-][^\s]{0,1000})$/,
      'the address of a git repository: https://…, ssh://…, git@host:path, file:///… or an absolute path',
    )
    .describe('A git repository, read with your own git and credentials.'),
  branch: ref("a branch's name").describe("Default: the repository's own default branch.").optional(),
  tag: ref("a tag's name").describe('Instead of a branch.').optional(),
  path: ref('a path inside the repository')
    .describe('The folder in the repository whose *.yaml files hold profiles. Default: its root.')
    .optional(),
  every: z
    .string('a duration as 15m or 1h')
    .regex(/^(?=.*[1-9])(\d{1,9}(m|h)){1,2}$/, 'a duration in minutes or hours, as 15m or 1h')
    .describe('How often it is looked for changes. When absent only on request.')
    .optional(),
});

export const sourceSettingsSchema = z
  .union(
    [folderSourceSchema, gitSourceSchema],
    'a map with folder, or with git, branch or tag, path and every',
  )
  .refine(
    (source) => !('git' in source && source.branch && source.tag),
    'a map with branch or tag, not with both',
  );

export type GitSourceSettings = z.infer<typeof gitSourceSchema>;
export type SourceSettings = z.infer<typeof sourceSettingsSchema>;

/** Before the slash of an id: the user's own file, the project that somebody stands in, and tunnels without a profile. */
export const reservedSources: readonly string[] = ['user', 'project', 'ad-hoc'];

const sourceNameSchema = z
  .string()
  .regex(
    new RegExp(`^(?!(?:${reservedSources.join('|')})$)[a-z][a-z0-9._-]{0,62}$`),
    `a name that starts with a letter and has at most 63 lower case letters, digits, ".", "_" and "-", and none of ${reservedSources.join(', ')}`,
  );

const memberRight = "a list of profiles' names";
const memberPattern = /^([a-z][a-z0-9._-]{0,62}\/)?[a-z][a-z0-9._-]{0,62}$/;

/** The whole document: a user's own file, a project's sallyport.yaml, or a file of a shared folder or repository. */
export const profileFileSchema = z
  .strictObject(
    {
      version: z.literal(1, '1').describe("The format's version."),
      profiles: z
        .record(profileNameSchema, profileSchema, 'a map of names to profiles')
        .describe('By name.')
        .optional(),
      groups: z
        .record(
          profileNameSchema,
          z
            .array(z.string(memberRight).regex(memberPattern, "a profile's name"), memberRight)
            .min(1, memberRight),
          'a map of names to lists of profiles',
        )
        .describe('Profiles that go up together. In your own file also SOURCE/NAME.')
        .optional(),
      overrides: z
        .record(
          z
            .string()
            .regex(
              /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,4096}$/u,
              "a source's name or the path of a project's file",
            ),
          z.record(profileNameSchema, profileOverrideSchema, 'a map of names to overrides'),
          'a map of sources to overrides',
        )
        .describe('Your own changes to profiles of other sources, by source and name. Only in your own file.')
        .optional(),
      sources: z
        .record(sourceNameSchema, sourceSettingsSchema, 'a map of names to sources')
        .describe('Folders and git repositories that share profiles, in order. Only in your own file.')
        .optional(),
    },
    'a map with version and profiles',
  )
  .meta({ title: 'Sallyport profiles' });

export type ProfileFileContent = z.infer<typeof profileFileSchema>;
