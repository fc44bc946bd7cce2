import { useQuery } from '@tanstack/react-query';
import { ArrowRight, Waypoints } from 'lucide-react';
import type { ReactNode } from 'react';
import { classNames } from '../../components/class-names.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { useAppState } from '../../state/app-state.ts';
import { routeHash } from '../../state/route.ts';

/** Where there is no tunnel yet: what one is, what was found on this machine, and three ways to begin. */
export function FirstRun() {
  const { api } = useAppState();
  const { data } = useQuery({
    queryKey: ['contexts'],
    queryFn: ({ signal }) => api.call('contexts', {}, { signal }),
    retry: false,
  });
  const current = data?.contexts.find((context) => context.current) ?? data?.contexts[0];
  return (
    <EmptyState
      icon={Waypoints}
      title="A tunnel is a local port that leads to a pod and outlives it"
      text="Connect psql or an IDE to the port. Pods restart, move and fail over; the port stays, and you are told which pod answers."
    >
      <div className="flex flex-col gap-2 text-left">
        <Door
          title={current ? `From the context ${current.name}` : 'From a cluster of your kubeconfig'}
          href={routeHash({ view: 'new' })}
        >
          {data && data.contexts.length > 1 && `One of ${data.contexts.length} contexts that were found. `}
          Choose a database or a Service that is there.
        </Door>
        <Door
          title="From a kubectl line, kftray or kube-forwarder"
          href={routeHash({ view: 'new', chosen: 'import' })}
        >
          Paste it, or choose a file.
        </Door>
        <Door title="From a file that your team shares" command="sallyport profile source add team URL" />
        <Door title="In a sandbox, with a real Postgres and no cluster" command="sallyport demo" />
      </div>
    </EmptyState>
  );
}

interface DoorProps {
  readonly title: string;
  /** Where in the window it leads. */
  readonly href?: string;
  /** What opens it elsewhere. */
  readonly command?: string;
  readonly children?: ReactNode;
}

function Door({ title, href, command, children }: DoorProps) {
  return (
    <section
      className={classNames(
        'relative rounded border border-line bg-surface px-3 py-2',
        href !== undefined && 'transition-colors hover:bg-hover',
      )}
    >
      <h3 className="flex items-center gap-2 font-medium">
        {href === undefined ? (
          title
        ) : (
          <a href={href} className="flex-1 rounded outline-offset-[-2px] after:absolute after:inset-0">
            {title}
          </a>
        )}
        {href !== undefined && <ArrowRight size={15} className="text-accent" aria-hidden />}
      </h3>
      {children && <p className="text-muted">{children}</p>}
      {command && <p className="mono mt-1 select-all text-muted wrap-anywhere">{command}</p>}
    </section>
  );
}
