import { useEffect, useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { useAppState } from '../../state/app-state.ts';
import type { Draft } from '../../state/drafts.ts';
import { isProfileName, type WrittenProblem } from './form-fields.ts';

/** Between the last key and the question whether it is right. */
const restMs = 200;

export interface Checked {
  /** As the daemon found them last: they may be of a text that is some keys old. */
  readonly problems: readonly WrittenProblem[];
  /** Why they are not known. */
  readonly error?: ErrorData;
}

const nothingWrong: Checked = { problems: [] };

/** What is wrong with a draft, asked of the daemon while it is written. */
export function useChecked({ name, text }: Pick<Draft, 'name' | 'text'>): Checked {
  const { api, clock } = useAppState();
  const [checked, setChecked] = useState(nothingWrong);
  useEffect(() => {
    const leaving = new AbortController();
    const timer = clock.after(restMs, async () => {
      try {
        const { problems } = await api.call('checkProfile', questionOf({ name, text }), {
          signal: leaving.signal,
        });
        setChecked({ problems });
      } catch (thrown) {
        if (leaving.signal.aborted) return;
        const error = AppError.from(thrown).toData();
        setChecked(({ problems }) => ({ problems, error }));
      }
    });
    return () => {
      timer.cancel();
      leaving.abort();
    };
  }, [api, clock, name, text]);
  return checked;
}

/** A name that is not right yet is said at its field, and keeps nobody from being told of the rest. */
export function questionOf({ name, text }: Pick<Draft, 'name' | 'text'>) {
  // No text would be no profile at all; of an empty one is said what it lacks.
  return { name: isProfileName(name) ? name : 'unnamed', yaml: text.trim() === '' ? '{}' : text };
}
