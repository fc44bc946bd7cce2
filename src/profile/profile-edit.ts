import { AppError } from '../base/app-error.ts';
import type { ReadOptions } from './read-profile-file.ts';

export interface EditOptions extends ReadOptions {
  /** The user's id; undefined where the platform has none. */
  readonly uid?: number | undefined;
  /** Where editors find the JSON Schema; named in the first line of a new file. */
  readonly schemaLocation: string;
}

export function editRefused({ file }: EditOptions, why: string): AppError {
  return new AppError('SP-PROFILE-EDIT', { file, message: why });
}
