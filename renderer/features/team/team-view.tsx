import { Plus, UsersRound } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { ListedProfile, ListedSource } from '../../../src/contract/profile-snapshot.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { useView } from '../../state/app-state.ts';
import { go, useRoute } from '../../state/route.ts';
import { AddSourceDialog } from './add-source-dialog.tsx';
import { gravest } from './change-weight.ts';
import { WeightMark } from './profile-diff.tsx';
import { type TeamActions, useTeamActions } from './team-actions.ts';
import { teamItems, waitingWords } from './team-items.ts';
import { TeamList } from './team-list.tsx';

/** In the address, so that other views lead to it. */
const adding = 'add';

type Asked =
  | { readonly kind: 'agree'; readonly source: ListedSource; readonly asks: readonly ListedProfile[] }
  | { readonly kind: 'remove'; readonly source: ListedSource };

/** What is shared with this person: where it comes from, what changed in it, and what they have agreed to. */
export default function TeamView() {
  const snapshot = useView(({ profiles }) => profiles);
  const { chosen } = useRoute();
  const actions = useTeamActions();
  const [asked, setAsked] = useState<Asked>();
  const items = useMemo(() => (snapshot ? teamItems(snapshot) : []), [snapshot]);
  if (!snapshot) return null;
  const isAlone = snapshot.sources.every(({ kind }) => kind === 'user') && snapshot.problems.length === 0;
  const add = () => go({ view: 'team', chosen: adding });
  return (
    <>
      {isAlone ? (
        <EmptyState
          icon={UsersRound}
          title="Nobody shares profiles with you yet"
          text="A folder or a git repository can hold the tunnels of a whole team. What changes there is shown before it counts, and nothing starts before you agreed to it."
        >
          <Button look="primary" icon={Plus} className="self-center" onClick={add}>
            Add a source
          </Button>
        </EmptyState>
      ) : (
        <>
          <div className="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-surface px-4">
            <p role="status" className="min-w-0 flex-1 truncate text-muted">
              {waitingWords(snapshot)}
            </p>
            <Button icon={Plus} onClick={add}>
              Add a source
            </Button>
          </div>
          <TeamList
            items={items}
            actions={actions}
            onAgreeAll={(source, asks) => setAsked({ kind: 'agree', source, asks })}
            onRemove={(source) => setAsked({ kind: 'remove', source })}
          />
        </>
      )}
      {chosen === adding && <AddSourceDialog onClose={() => go({ view: 'team' })} />}
      {asked?.kind === 'agree' && (
        <AgreeDialog {...asked} actions={actions} onClose={() => setAsked(undefined)} />
      )}
      {asked?.kind === 'remove' && (
        <RemoveDialog {...asked} actions={actions} onClose={() => setAsked(undefined)} />
      )}
    </>
  );
}

interface AskedProps {
  readonly source: ListedSource;
  readonly actions: TeamActions;
  readonly onClose: () => void;
}

function AgreeDialog({
  source,
  asks,
  actions,
  onClose,
}: AskedProps & { readonly asks: readonly ListedProfile[] }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Agree to all ${asks.length} of ${source.key}?`}
      description={<p className="text-muted">To each as it is now. A later change is asked for again.</p>}
    >
      <ul className="flex max-h-72 flex-col divide-y divide-line overflow-y-auto rounded border border-line">
        {asks.map(({ id, name, trust, written }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-2 px-3 py-1.5">
            <span className="font-medium wrap-anywhere">{name}</span>
            {trust.kind === 'changed' && <WeightMark weight={gravest(trust.changes)} />}
            <span className="text-muted wrap-anywhere">
              {[written.target, written.policy?.environment].filter(Boolean).join(' · ')}
            </span>
          </li>
        ))}
      </ul>
      <DialogActions>
        <Button look="quiet" onClick={onClose}>
          Not now
        </Button>
        <Button
          look="primary"
          onClick={() => {
            onClose();
            void actions.agree(asks);
          }}
        >
          {`Agree to all ${asks.length}`}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function RemoveDialog({ source, actions, onClose }: AskedProps) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Remove ${source.key}?`}
      description={
        <p className="text-muted">
          Its profiles go from your list, with what you changed of them for yourself. The source itself stays
          as it is.
        </p>
      }
    >
      <DialogActions>
        <Button look="quiet" onClick={onClose}>
          Keep it
        </Button>
        <Button
          look="urgent"
          onClick={() => {
            onClose();
            void actions.remove(source);
          }}
        >
          Remove
        </Button>
      </DialogActions>
    </Dialog>
  );
}
