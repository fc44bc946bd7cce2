import { X } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { ClusterObject } from '../../../src/contract/control-objects.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fact, Facts } from '../../components/facts.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { SelectField } from '../../components/select-field.tsx';
import { useAppState } from '../../state/app-state.ts';
import { newDraft } from '../../state/drafts.ts';
import { textOf } from '../edit-profile/profile-text.ts';
import { carryEdits } from './carry-edits.ts';
import { errorOf, useProposal } from './cluster-questions.ts';
import { NewProfile } from './new-profile.tsx';
import { forwardable, objectKey, readinessWords } from './object-items.ts';

/** More pods than anybody picks one of by hand. */
const mostPods = 50;

export interface ProposedProfileProps {
  readonly context: string;
  readonly object: ClusterObject;
  readonly onClose: () => void;
}

/** What was picked, and the profile that it makes with sensible defaults. Which port and which pod are choices before it. */
export function ProposedProfile({ context, object, onClose }: ProposedProfileProps) {
  const { drafts } = useAppState();
  const { kind, namespace, name, images, database } = object;
  const [port, choosePort] = useState<string>();
  const [ordinal, chooseOrdinal] = useState<number>();
  const proposal = useProposal({
    context,
    kind,
    namespace,
    object: name,
    ...(ordinal !== undefined && { ordinal }),
    ...(port !== undefined && { port: /^\d+$/.test(port) ? Number(port) : port }),
  });
  const draftKey = `new ${context} ${objectKey(object)}`;
  const proposed = proposal.data;
  useEffect(() => {
    if (!proposed) return;
    const began = { name: proposed.name, text: textOf(proposed.profile) };
    const kept = drafts.get(draftKey);
    drafts.set(draftKey, kept ? carryEdits(kept, began) : newDraft(began));
  }, [drafts, draftKey, proposed]);
  const ports = forwardable(object.ports);
  const error = errorOf(proposal.error);
  return (
    <section
      aria-label={`New tunnel to ${name}`}
      className="flex min-h-0 flex-col border-line bg-surface max-[959px]:border-t min-[960px]:border-l"
    >
      <header className="flex flex-col gap-3 border-b border-line px-4 pt-3 pb-4">
        <div className="flex items-center gap-2">
          <h3 className="min-w-0 flex-1 truncate text-lg font-semibold">{name}</h3>
          <IconButton icon={X} label="Close" onClick={onClose} />
        </div>
        <Facts>
          <Fact name={kind}>{[namespace, readinessWords(object)].filter(Boolean).join(' · ')}</Fact>
          {database && (
            <Fact name="Database">
              {[database.cluster, database.operator, database.role].filter(Boolean).join(' · ')}
            </Fact>
          )}
          {images.length > 0 && <Fact name="Image">{images.join(', ')}</Fact>}
        </Facts>
        {(ports.length > 1 || kind === 'StatefulSet') && (
          <div className="grid grid-cols-2 gap-3">
            {ports.length > 1 && (
              <SelectField
                label="To which port"
                value={port ?? String(proposed?.profile.port ?? '')}
                options={ports.map((each) => [
                  each.name ?? String(each.port),
                  each.name ? `${each.name} · ${each.port}` : String(each.port),
                ])}
                onChange={choosePort}
              />
            )}
            {kind === 'StatefulSet' && (
              <SelectField
                label="To which pod"
                value={ordinal === undefined ? '' : String(ordinal)}
                options={[
                  ['', 'whichever is ready'],
                  ...Array.from(
                    { length: Math.min(mostPods, object.pods?.wanted ?? 1) },
                    (_, index) => [String(index), `${name}-${index} alone`] as const,
                  ),
                ]}
                onChange={(chosen) => chooseOrdinal(chosen === '' ? undefined : Number(chosen))}
              />
            )}
          </div>
        )}
      </header>
      {error && (
        <div className="p-4">
          <ErrorNote error={error} />
        </div>
      )}
      {proposal.isPending && (
        <p role="status" className="p-4 text-muted">
          Looking for sensible defaults…
        </p>
      )}
      {!error && <NewProfile draftKey={draftKey} isWaiting={proposal.isPending} />}
    </section>
  );
}
