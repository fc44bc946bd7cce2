import {
  Folder,
  FolderGit2,
  GitCommitHorizontal,
  type LucideIcon,
  RefreshCw,
  Trash2,
  User,
} from 'lucide-react';
import { count } from '../../../src/client/tunnel-words.ts';
import type { SourceKind } from '../../../src/contract/profile-snapshot.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { MiddleTruncate } from '../../components/middle-truncate.tsx';
import { gravest } from './change-weight.ts';
import { ProfileDiff, WeightMark } from './profile-diff.tsx';
import type { TeamActions } from './team-actions.ts';
import type { PendingKind, TeamItem } from './team-items.ts';

const icons: Record<SourceKind, LucideIcon> = {
  user: User,
  project: Folder,
  folder: Folder,
  git: FolderGit2,
};
const kinds: Record<SourceKind, string> = {
  user: 'your own',
  project: 'project',
  folder: 'folder',
  git: 'git repository',
};

export interface SourceRowProps {
  readonly item: Extract<TeamItem, { kind: 'source' }>;
  readonly actions: TeamActions;
  readonly onAgreeAll: () => void;
  readonly onRemove: () => void;
}

/** Where profiles come from, how that is, and what can be done with all of them. */
export function SourceRow({ item, actions, onAgreeAll, onRemove }: SourceRowProps) {
  const { source, profiles, asks } = item;
  const { key, kind, location, state, commit } = source;
  const Icon = icons[kind];
  const isBusy = actions.busy.has(key);
  const error = actions.error(key);
  const isRemovable = kind === 'git' || kind === 'folder';
  return (
    <section aria-label={key} className="flex flex-col gap-2 border-b border-line bg-ground px-4 pt-5 pb-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Icon size={15} aria-hidden className="shrink-0 text-accent" />
        <h2 className="font-semibold wrap-anywhere">{kind === 'project' ? location : key}</h2>
        <span className="text-muted">
          {[kinds[kind], count(profiles, 'profile'), ...(state === 'absent' ? ['no file yet'] : [])].join(
            ' · ',
          )}
        </span>
        <span className="ml-auto flex items-center gap-1">
          {asks.length > 1 && <Button onClick={onAgreeAll}>{`Agree to all ${asks.length}…`}</Button>}
          {kind === 'git' && (
            <Button icon={RefreshCw} disabled={isBusy} onClick={() => void actions.pull(source)}>
              {isBusy ? 'Pulling…' : 'Pull now'}
            </Button>
          )}
          {isRemovable && (
            <IconButton icon={Trash2} label={`Remove ${key}`} disabled={isBusy} onClick={onRemove} />
          )}
        </span>
      </div>
      <p className="mono flex min-w-0 flex-wrap gap-x-4 text-muted">
        {kind !== 'project' && <MiddleTruncate text={location} keepEnd={24} className="min-w-0" />}
        {commit && <span className="select-all">{`at ${commit.slice(0, 10)}`}</span>}
      </p>
      {state === 'unreadable' && (
        <p className="text-waiting">
          A file of it cannot be read now. What was read of it before still counts.
        </p>
      )}
      {error && <ErrorNote error={error} />}
    </section>
  );
}

export interface PendingRowProps {
  readonly item: Extract<TeamItem, { kind: 'pending' }>;
  readonly actions: TeamActions;
}

/** A commit that was fetched and does not count yet: what follows is what it would change. */
export function PendingRow({ item, actions }: PendingRowProps) {
  const { source, commit, changes } = item;
  const short = commit.slice(0, 10);
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-l-4 border-b-line border-l-waiting bg-surface px-3 py-2">
      <GitCommitHorizontal size={15} aria-hidden className="shrink-0 text-muted" />
      <p className="min-w-60 flex-1 text-pretty">
        <span className="font-medium">
          {'Commit '}
          <span className="mono">{short}</span>
          {changes > 0 ? ` would change ${count(changes, 'profile')}.` : ' changes no profile.'}
        </span>{' '}
        <span className="text-muted">Until you take it, what was before counts.</span>
      </p>
      <Button
        look="primary"
        aria-label={`Take commit ${short} of ${source.key}`}
        disabled={actions.busy.has(source.key)}
        onClick={() => void actions.accept(source, commit)}
      >
        Take commit
      </Button>
    </div>
  );
}

const pendingWords: Record<PendingKind, string> = { new: 'new', changed: 'changes', gone: 'goes' };

/** One profile of a commit that does not count yet. */
export function PendingProfileRow({
  item,
}: {
  readonly item: Extract<TeamItem, { kind: 'pending-profile' }>;
}) {
  const { name, what, changes } = item;
  return (
    <div className="flex flex-col gap-2 border-b border-l-4 border-b-line border-l-waiting bg-surface px-3 py-2">
      <h3 className="flex flex-wrap items-center gap-x-2 font-medium">
        <span className="wrap-anywhere">{name}</span>
        <span className="font-normal text-muted">{pendingWords[what]}</span>
        {what === 'changed' && <WeightMark weight={gravest(changes)} />}
      </h3>
      {what !== 'gone' && <ProfileDiff name={name} changes={changes} />}
    </div>
  );
}
