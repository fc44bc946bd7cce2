import { EyeOff, PackageOpen, RefreshCw, SearchX, Unplug } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import type { ClusterObject } from '../../../src/contract/control-objects.ts';
import { Button, buttonClass } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { SelectField } from '../../components/select-field.tsx';
import { usePageKeys } from '../../state/page-keys.ts';
import { go, routeHash } from '../../state/route.ts';
import { useContexts } from '../edit-profile/contexts.ts';
import { byHand } from '../edit-profile/copy-profile.ts';
import { errorOf, useNamespaces, useObjects } from './cluster-questions.ts';
import { everywhere, NamespaceField } from './namespace-field.tsx';
import { objectItems, objectKey } from './object-items.ts';
import { focusList, ObjectList } from './object-list.tsx';
import { ProposedProfile } from './proposed-profile.tsx';

/** What there is in a cluster, to be picked. One list, and beside it the profile that it makes. */
export function ClusterBrowser() {
  const contexts = useContexts();
  const [picked, pickContext] = useState<string>();
  const listed = contexts.data?.contexts ?? [];
  const context = picked ?? (listed.find(({ current }) => current) ?? listed[0])?.name;
  if (contexts.isPending) return <Reading what="your kubeconfig" />;
  if (contexts.error || context === undefined) {
    return (
      <EmptyState icon={Unplug} title="Your kubeconfig names no cluster">
        {contexts.error && (
          <div className="text-left">
            <ErrorNote error={errorOf(contexts.error)!} />
          </div>
        )}
        <Button className="self-center" onClick={() => void contexts.refetch()}>
          Read it again
        </Button>
      </EmptyState>
    );
  }
  const names = listed.map(({ name }) => [name, name] as const);
  const field = (
    <SelectField
      label="Context"
      isLabelHidden
      value={context}
      options={names}
      onChange={pickContext}
      className="w-44 min-w-20 shrink min-[1200px]:w-72"
    />
  );
  return <InContext key={context} context={context} contextField={field} />;
}

interface InContextProps {
  readonly context: string;
  readonly contextField: ReactNode;
}

function InContext({ context, contextField }: InContextProps) {
  const namespaces = useNamespaces(context);
  const [chosen, choose] = useState<string>();
  const [search, setSearch] = useState('');
  const searchField = useRef<HTMLInputElement>(null);
  const [object, pickObject] = useState<ClusterObject>();
  const namespace = chosen ?? namespaces.data?.current;
  const objects = useObjects(
    namespace === undefined ? undefined : context,
    namespace === everywhere ? undefined : namespace,
  );
  const error = errorOf(namespaces.error) ?? errorOf(objects.error);
  const items = objects.data ? objectItems(objects.data.objects, search) : [];
  usePageKeys({
    '/': () => searchField.current?.focus(),
    Escape: () => (object ? pickObject(undefined) : go({ view: 'tunnels' })),
  });
  const again = () => void (namespaces.error ? namespaces.refetch() : objects.refetch());
  return (
    <div
      className={`grid min-h-0 flex-1 ${object ? 'max-[959px]:grid-rows-[minmax(0,2fr)_minmax(0,3fr)] min-[960px]:grid-cols-[minmax(0,1fr)_420px]' : ''}`}
    >
      <div className="flex min-h-0 min-w-0 flex-col">
        <div className="flex min-h-12 shrink-0 items-center gap-2 border-b border-line px-3 py-2">
          {contextField}
          <NamespaceField namespaces={namespaces.data} value={namespace ?? ''} onChange={choose} />
          <SearchField
            label="Search what is listed"
            value={search}
            onChange={setSearch}
            field={searchField}
            onLeave={focusList}
          />
          <IconButton icon={RefreshCw} label="List again" disabled={objects.isFetching} onClick={again} />
        </div>
        {namespaces.data?.refused && <Refusal what="namespaces" error={namespaces.data.refused} />}
        {objects.data?.refused.map((refusal) => (
          <Refusal key={refusal.kind} what={`${refusal.kind}s`} error={refusal.error} />
        ))}
        {objects.data?.complete === false && (
          <p className="border-b border-line px-4 py-2 text-muted">
            There are more than are listed here: choose one namespace.
          </p>
        )}
        {error ? (
          <EmptyState icon={Unplug} title={`${context} does not say what it has`}>
            <div className="text-left">
              <ErrorNote error={error} />
            </div>
            <Button className="self-center" onClick={again}>
              Try again
            </Button>
          </EmptyState>
        ) : !objects.data ? (
          <Reading what={context} />
        ) : items.length > 0 ? (
          <ObjectList
            items={items}
            showsNamespace={namespace === everywhere}
            selected={object && objectKey(object)}
            onSelect={pickObject}
          />
        ) : search ? (
          <EmptyState icon={SearchX} title="Nothing matches">
            <Button className="self-center" onClick={() => setSearch('')}>
              Show all
            </Button>
          </EmptyState>
        ) : (
          <NothingListed
            where={namespace === everywhere || namespace === undefined ? context : namespace}
            isRefused={objects.data.refused.length > 0}
          />
        )}
      </div>
      {object && (
        <ProposedProfile
          key={objectKey(object)}
          context={context}
          object={object}
          onClose={() => pickObject(undefined)}
        />
      )}
    </div>
  );
}

interface NothingListedProps {
  readonly where: string;
  /** What may not be listed may be there all the same. */
  readonly isRefused: boolean;
}

function NothingListed({ where, isRefused }: NothingListedProps) {
  return (
    <EmptyState
      icon={isRefused ? EyeOff : PackageOpen}
      title={
        isRefused ? `You may not see all that ${where} has` : `${where} has no StatefulSet and no Service`
      }
      text={
        isRefused
          ? 'A tunnel may be allowed all the same: write its profile by hand, with a name that you know.'
          : 'Choose another namespace, or write the profile by hand.'
      }
    >
      <a href={routeHash({ view: 'new', chosen: byHand })} className={buttonClass('plain', 'self-center')}>
        Write it by hand
      </a>
    </EmptyState>
  );
}

function Refusal({
  what,
  error,
}: {
  readonly what: string;
  readonly error: NonNullable<ReturnType<typeof errorOf>>;
}) {
  return (
    <details className="border-b border-line bg-ground px-4 py-1.5">
      <summary className="cursor-pointer rounded-sm">{`You may not list ${what} here`}</summary>
      <div className="py-1.5">
        <ErrorNote error={error} tone="waiting" />
      </div>
    </details>
  );
}

function Reading({ what }: { readonly what: string }) {
  return (
    <div className="flex-1">
      <p role="status" className="flex h-10 items-center border-b border-line px-4 text-muted">
        {`Asking ${what}…`}
      </p>
      {['w-40', 'w-56', 'w-44', 'w-52'].map((width) => (
        <div key={width} className="flex h-10 items-center gap-3 border-b border-line px-4">
          <span className={`h-2.5 rounded-sm bg-ground ${width}`} />
        </div>
      ))}
    </div>
  );
}
