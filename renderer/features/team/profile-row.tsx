import { ChevronRight } from 'lucide-react';
import { policyWords } from '../../../src/client/tunnel-words.ts';
import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { gravest } from './change-weight.ts';
import { ProfileDiff, WeightMark } from './profile-diff.tsx';
import type { TeamActions } from './team-actions.ts';
import { agreedChanges, needsAgreement } from './team-items.ts';

export interface ProfileRowProps {
  readonly profile: ListedProfile;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly actions: TeamActions;
}

/** A shared profile: whether it was agreed to, and below it what an agreement is to. It is read before it is agreed to. */
export function ProfileRow({ profile, isOpen, onToggle, actions }: ProfileRowProps) {
  const { id, name, trust, written } = profile;
  const isBusy = actions.busy.has(id);
  const error = actions.error(id);
  const asks = needsAgreement(profile);
  return (
    <div className="border-b border-line bg-surface">
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={onToggle}
        className="flex min-h-10 w-full flex-wrap items-center gap-x-3 px-4 py-1.5 text-left transition-colors hover:bg-hover focus-visible:-outline-offset-2"
      >
        <ChevronRight
          size={14}
          aria-hidden
          className={`shrink-0 text-muted transition-transform ${isOpen ? 'rotate-90' : ''}`}
        />
        <span className="min-w-0 shrink font-medium wrap-anywhere max-[559px]:max-w-[calc(100%-32px)]">
          {name}
        </span>
        {trust.kind === 'changed' && <WeightMark weight={gravest(trust.changes)} />}
        <span className="min-w-0 truncate text-muted">
          {[written.target, written.policy?.environment].filter(Boolean).join(' · ')}
        </span>
        <span className={`ml-auto shrink-0 ${asks ? 'font-medium text-needs' : 'text-muted'}`}>
          {trustWords[trust.kind]}
        </span>
      </button>
      {isOpen && (
        <div className="flex flex-col gap-3 px-4 pt-1 pb-4 pl-[42px] max-[719px]:pl-4">
          <p className="text-pretty text-muted">{explained(profile)}</p>
          <ProfileDiff name={name} changes={agreedChanges(profile)} />
          {error && <ErrorNote error={error} />}
          <div className="flex gap-2">
            {asks && (
              <Button look="primary" disabled={isBusy} onClick={() => void actions.agree([profile])}>
                {`Agree to ${name}`}
              </Button>
            )}
            {(trust.kind === 'trusted' || trust.kind === 'changed') && (
              <Button look="quiet" disabled={isBusy} onClick={() => void actions.withdraw(profile)}>
                Withdraw the agreement
              </Button>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

const trustWords: Record<ListedProfile['trust']['kind'], string> = {
  own: 'yours',
  trusted: 'agreed',
  untrusted: 'not agreed to yet',
  changed: 'changed since you agreed',
};

function explained({ trust, written }: ListedProfile): string {
  const bounds = policyWords(written.policy);
  const bounded = bounds.length > 0 ? ` Its bounds: ${bounds.join(' · ')}.` : ' It has no bounds.';
  switch (trust.kind) {
    case 'changed':
      return `It does not start until you agree to what differs.${bounded}`;
    case 'untrusted':
      return `It does not start until you agree to it.${bounded}`;
    default:
      return `What you agreed to.${bounded}`;
  }
}
