import { useQuery } from '@tanstack/react-query';
import { FlaskConical, type LucideIcon, ServerCog, UsersRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import { count } from '../../../src/client/tunnel-words.ts';
import { Button, buttonClass } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { MiddleTruncate } from '../../components/middle-truncate.tsx';
import { useAppState } from '../../state/app-state.ts';
import { routeHash } from '../../state/route.ts';
import { SandboxProgress } from '../sandbox/sandbox-progress.tsx';
import { useSandbox } from '../sandbox/use-sandbox.ts';

/** Where there is no tunnel yet: what one is, and three ways to begin, the one that needs nothing first. */
export function FirstRun() {
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto flex min-h-full max-w-[600px] flex-col justify-center gap-6 p-8 max-[719px]:p-4">
        <header className="flex flex-col gap-2">
          <h2 className="text-[22px] leading-7 font-semibold text-balance">
            A tunnel is a local port that leads to a pod and outlives it
          </h2>
          <p className="max-w-[520px] text-pretty text-muted">
            Connect psql or an IDE to the port. Pods restart, move and fail over; the port stays, and you are
            told which pod answers.
          </p>
        </header>
        <div className="flex flex-col gap-3">
          <SandboxDoor />
          <ClusterDoor />
          <Door icon={UsersRound} title="From profiles that your team shares">
            <p className="text-muted">
              A folder or a git repository. Nothing of it starts before you agreed to it.
            </p>
            <a
              href={routeHash({ view: 'team', chosen: 'add' })}
              className={buttonClass('plain', 'self-start')}
            >
              Add a source
            </a>
          </Door>
        </div>
      </div>
    </div>
  );
}

function SandboxDoor() {
  const { status, error, start, stop } = useSandbox();
  if (status.kind === 'unavailable')
    return (
      <Door icon={FlaskConical} title="In a sandbox, with a real Postgres and no cluster">
        <p className="mono select-all text-muted">sallyport demo</p>
      </Door>
    );
  const isRunning = status.kind === 'running';
  return (
    <Door icon={FlaskConical} title="In a sandbox, with a real Postgres and no cluster">
      {status.kind === 'starting' ? (
        <SandboxProgress status={status} />
      ) : (
        <p className="text-muted">
          {isRunning
            ? 'It runs, and nothing is connected to it.'
            : 'One click starts it on this machine and connects. It ends with the daemon, and leaves nothing behind.'}
        </p>
      )}
      {error && status.kind !== 'starting' && <ErrorNote error={error} />}
      {status.kind !== 'starting' && (
        <div className="flex gap-2">
          <Button look="primary" disabled={status.kind === 'stopping'} onClick={start}>
            {isRunning ? 'Connect' : 'Try the sandbox'}
          </Button>
          {isRunning && (
            <Button look="quiet" onClick={stop}>
              Stop it
            </Button>
          )}
        </div>
      )}
    </Door>
  );
}

const maxShown = 6;

function ClusterDoor() {
  const { api } = useAppState();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['contexts'],
    queryFn: ({ signal }) => api.call('contexts', {}, { signal }),
  });
  const contexts = [...(data?.contexts ?? [])].sort((a, b) => Number(b.current) - Number(a.current));
  const current = contexts[0];
  const failure = error && AppError.from(error).toData();
  return (
    <Door icon={ServerCog} title="From a cluster of your kubeconfig">
      {isPending && <p className="text-muted">Reading the kubeconfig…</p>}
      {failure?.code === 'SP-KUBECONFIG-MISSING' ? (
        <p className="text-muted wrap-anywhere">
          {`There is none at ${failure.details.path ?? 'the usual places'} yet. Put yours there, or run `}
          <code className="mono">sallyport daemon restart</code>
          {' where KUBECONFIG names it.'}
        </p>
      ) : (
        failure && <ErrorNote error={failure} tone="waiting" />
      )}
      {failure && (
        <Button className="self-start" onClick={() => void refetch()}>
          Read it again
        </Button>
      )}
      {data && contexts.length === 0 && <p className="text-muted">It names no context.</p>}
      {current && (
        <>
          <ul aria-label="Contexts that were found" className="flex flex-wrap gap-1.5">
            {contexts.slice(0, maxShown).map((context) => (
              <li
                key={context.name}
                className="mono flex h-6 max-w-64 items-center gap-1.5 rounded-sm border border-line bg-ground px-2"
              >
                <MiddleTruncate text={context.name} />
                {context.current && <span className="font-sans text-xs text-muted">current</span>}
              </li>
            ))}
            {contexts.length > maxShown && (
              <li className="flex h-6 items-center text-muted">{`and ${count(contexts.length - maxShown, 'other')}`}</li>
            )}
          </ul>
          <div className="flex flex-wrap gap-2">
            <a href={routeHash({ view: 'new' })} className={buttonClass('plain')}>
              Choose a database
            </a>
            <a href={routeHash({ view: 'new', chosen: 'import' })} className={buttonClass('quiet')}>
              Paste a kubectl line
            </a>
          </div>
        </>
      )}
    </Door>
  );
}

interface DoorProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children: ReactNode;
}

function Door({ icon: Icon, title, children }: DoorProps) {
  return (
    <section className="flex gap-3 rounded border border-line bg-surface p-4">
      <Icon size={16} aria-hidden className="mt-0.5 shrink-0 text-accent" />
      <div className="flex min-w-0 flex-1 flex-col gap-2">
        <h3 className="font-medium">{title}</h3>
        {children}
      </div>
    </section>
  );
}
