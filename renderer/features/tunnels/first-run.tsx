import { useQuery } from '@tanstack/react-query';
import { Waypoints } from 'lucide-react';
import type { ReactNode } from 'react';
import { buttonClass } from '../../components/button.tsx';
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
      <div className="mb-1 flex justify-center gap-2">
        <a className={buttonClass('primary')} href={routeHash({ view: 'new' })}>
          Choose from a cluster
        </a>
        <a className={buttonClass()} href={routeHash({ view: 'new', chosen: 'import' })}>
          Paste or import
        </a>
      </div>
      <div className="flex flex-col gap-2 text-left">
        <Door
          title={current ? `From the context ${current.name}` : 'From a cluster of your kubeconfig'}
          command={`sallyport profile add orders-db statefulset/postgres/0 15432:5432${current ? ` --context ${current.name}` : ''}`}
        >
          {data && data.contexts.length > 1 && `One of ${data.contexts.length} contexts that were found.`}
        </Door>
        <Door title="From a file that your team shares" command="sallyport profile source add team URL" />
        <Door title="In a sandbox, with a real Postgres and no cluster" command="sallyport demo" />
      </div>
    </EmptyState>
  );
}

function Door({
  title,
  command,
  children,
}: {
  readonly title: string;
  readonly command: string;
  readonly children?: ReactNode;
}) {
  return (
    <section className="rounded border border-line bg-surface px-3 py-2">
      <h3 className="font-medium">{title}</h3>
      {children && <p className="text-muted">{children}</p>}
      <p className="mono mt-1 select-all text-muted wrap-anywhere">{command}</p>
    </section>
  );
}
