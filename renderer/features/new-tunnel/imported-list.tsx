import { Check, Pencil } from 'lucide-react';
import { useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { OperationAnswer } from '../../../src/contract/control.ts';
import { type ErrorData, errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { CheckField } from '../../components/check-field.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { useAppState } from '../../state/app-state.ts';
import { go } from '../../state/route.ts';
import { startDraft } from '../edit-profile/copy-profile.ts';
import { textOf } from '../edit-profile/profile-text.ts';
import { profileWords } from './profile-words.ts';

type Imported = OperationAnswer<'importProfiles'>;
type Outcome = { readonly kind: 'added' } | { readonly kind: 'failed'; readonly error: ErrorData };

/** At most this many are drawn: nobody looks through more one by one. */
const shownAtMost = 300;

export interface ImportedListProps {
  readonly imported: Imported;
  /** All that was chosen is added. */
  readonly onDone: () => void;
}

/** What comes in, each to be left out; and what could not be carried over, with its reason. */
export function ImportedList({ imported: { profiles, notCarried }, onDone }: ImportedListProps) {
  const state = useAppState();
  const { api } = state;
  const [without, setWithout] = useState<ReadonlySet<string>>(new Set());
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [isBusy, setBusy] = useState(false);
  const chosen = profiles.filter(({ name }) => !without.has(name) && outcomes.get(name)?.kind !== 'added');
  const toggle = (name: string, isIn: boolean) => {
    const next = new Set(without);
    if (isIn) next.delete(name);
    else next.add(name);
    setWithout(next);
  };
  /** One after the other: what fails leaves the others alone. */
  const add = async () => {
    setBusy(true);
    let last: string | undefined;
    let hasFailed = false;
    for (const { name, profile } of chosen) {
      const outcome = await addOne(() => api.call('editProfile', { edit: { kind: 'add', name, profile } }));
      setOutcomes((before) => new Map(before).set(name, outcome));
      if (outcome.kind === 'added') last = name;
      else hasFailed = true;
    }
    setBusy(false);
    if (last === undefined || hasFailed) return;
    onDone();
    go({ view: 'tunnels', chosen: `user/${last}` });
  };
  return (
    <>
      {profiles.length > 0 && (
        <section aria-label="What comes in" className="flex flex-col gap-2">
          <h3 className="caption">What comes in</h3>
          <ul className="rounded border border-line">
            {profiles.slice(0, shownAtMost).map((each) => {
              const outcome = outcomes.get(each.name);
              return (
                <li
                  key={each.name}
                  className="flex items-center gap-3 border-b border-line px-3 py-2 last:border-b-0"
                >
                  <div className="min-w-0 flex-1">
                    <CheckField
                      label={each.name}
                      hint={profileWords(each.profile)}
                      checked={!without.has(each.name)}
                      disabled={isBusy || outcome?.kind === 'added'}
                      onChange={(checked) => toggle(each.name, checked)}
                    />
                    {outcome?.kind === 'failed' && (
                      <p role="alert" className="pl-6 text-sm text-needs">
                        {errorText(outcome.error).headline}
                      </p>
                    )}
                  </div>
                  {outcome?.kind === 'added' ? (
                    <span className="flex items-center gap-1 text-muted">
                      <Check size={14} aria-hidden />
                      added
                    </span>
                  ) : (
                    <IconButton
                      icon={Pencil}
                      label={`Change ${each.name} first`}
                      onClick={() => startDraft(state, { name: each.name, text: textOf(each.profile) })}
                    />
                  )}
                </li>
              );
            })}
          </ul>
          {profiles.length > shownAtMost && (
            <p className="text-muted">{`And ${profiles.length - shownAtMost} more.`}</p>
          )}
          <div className="flex justify-end">
            <Button look="primary" disabled={isBusy || chosen.length === 0} onClick={() => void add()}>
              {chosen.length === 1 ? `Add ${chosen[0]!.name}` : `Add ${chosen.length} profiles`}
            </Button>
          </div>
        </section>
      )}
      {notCarried.length > 0 && (
        <section aria-label="Not carried over" className="flex flex-col gap-2">
          <h3 className="caption">Not carried over</h3>
          <ul className="flex flex-col gap-1 rounded border border-l-[3px] border-l-waiting px-3 py-2">
            {notCarried.map(({ what, reason }) => (
              <li key={`${what} ${reason}`} className="wrap-anywhere">
                <span className="font-medium">{what}</span>
                <span className="text-muted">{`: ${reason}`}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {profiles.length === 0 && <p className="text-muted">There is no profile in it.</p>}
    </>
  );
}

async function addOne(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    await call();
    return { kind: 'added' };
  } catch (thrown) {
    return { kind: 'failed', error: AppError.from(thrown).toData() };
  }
}
