import { AppError } from '../base/app-error.ts';
import type { Profile, ProfileOverride } from '../contract/profile.ts';
import type { SourceSettings } from '../contract/profile-file.ts';
import type { ReadOptions } from './read-profile-file.ts';

/** One change of a profile file. */
export type ProfileEdit =
  | { readonly kind: 'add'; readonly name: string; readonly profile: Profile }
  | { readonly kind: 'change'; readonly name: string; readonly profile: Profile }
  /** Also takes it out of its groups. */
  | { readonly kind: 'remove'; readonly name: string }
  /** Without an override the one that is there is taken out. */
  | {
      readonly kind: 'override';
      readonly source: string;
      readonly name: string;
      readonly override: ProfileOverride | undefined;
    }
  | { readonly kind: 'add-source'; readonly name: string; readonly settings: SourceSettings }
  /** Also takes its profiles out of groups, and its overrides away. */
  | { readonly kind: 'remove-source'; readonly name: string }
  /** Makes the group, or adds to it what is not in it yet. */
  | { readonly kind: 'join-group'; readonly name: string; readonly members: readonly string[] }
  /** Without members the whole group; one that is left empty goes too. */
  | {
      readonly kind: 'leave-group';
      readonly name: string;
      readonly members: readonly string[] | undefined;
    };

export interface EditOptions extends ReadOptions {
  /** The user's id; undefined where the platform has none. */
  readonly uid?: number | undefined;
  /** Where editors find the JSON Schema; named in the first line of a new file. */
  readonly schemaLocation: string;
}

export function editRefused({ file }: EditOptions, why: string): AppError {
  return new AppError('SP-PROFILE-EDIT', { file, message: why });
}
