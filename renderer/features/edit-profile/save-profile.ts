import { useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { ProfileEdit } from '../../../src/contract/control-profile.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { useAppState } from '../../state/app-state.ts';
import type { Draft } from '../../state/drafts.ts';
import { questionOf } from './checked-draft.ts';

export interface Saving {
  readonly isBusy: boolean;
  readonly error: ErrorData | undefined;
  /** Resolves with whether it is saved. Never rejects: what fails is kept here, and the draft stays. */
  saveProfile(draft: Draft, kind: 'add' | 'change'): Promise<boolean>;
  edit(edit: ProfileEdit): Promise<boolean>;
}

/** Writes to the user's own file, one thing at a time. */
export function useSaving(): Saving {
  const { api } = useAppState();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorData>();
  const attempt = async (write: () => Promise<void>): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    setError(undefined);
    try {
      await write();
      return true;
    } catch (thrown) {
      setError(AppError.from(thrown).toData());
      return false;
    } finally {
      setBusy(false);
    }
  };
  return {
    isBusy,
    error,
    saveProfile: (draft, kind) =>
      attempt(async () => {
        const { name } = draft;
        const { profile, problems } = await api.call('checkProfile', questionOf(draft));
        if (!profile) throw new AppError('SP-PROFILE-INVALID', invalid(name, problems));
        await api.call('editProfile', { edit: { kind, name, profile } });
      }),
    edit: (edit) => attempt(async () => void (await api.call('editProfile', { edit }))),
  };
}

function invalid(profile: string, problems: readonly { readonly at: string; readonly message: string }[]) {
  const [first] = problems;
  const message = first ? [first.at, first.message].filter(Boolean).join(' ') : 'it is no profile';
  return { profile, message, next: 'it is not saved yet; all that is wrong is marked' };
}
