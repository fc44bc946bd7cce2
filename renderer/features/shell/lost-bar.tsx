import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { useAppState } from '../../state/app-state.ts';
import type { Link } from '../../state/view-store.ts';

/** Over the last known list, while the daemon is away. */
export function LostBar({ link }: { readonly link: Extract<Link, { kind: 'lost' }> }) {
  const { headline, next } = errorText(link.error);
  return (
    <div
      role="alert"
      className="flex min-h-10 shrink-0 items-center gap-3 border-b border-l-4 border-b-line border-l-waiting bg-surface py-1.5 pr-2 pl-3"
    >
      <p className="min-w-0 flex-1">
        {link.final ? (
          <>
            <span className="font-medium">{headline}.</span> {next}
          </>
        ) : (
          <>
            <span className="font-medium">The daemon is away. Reconnecting…</span>{' '}
            <span className="text-muted">This is what it said last.</span>
          </>
        )}
      </p>
      <StartButton />
    </div>
  );
}

/** A desktop starts a daemon; a browser can say how. */
export function StartButton() {
  const { api } = useAppState();
  const { startDaemon } = api;
  if (startDaemon) return <Button onClick={() => void startDaemon()}>Start the daemon</Button>;
  return (
    <span className="shrink-0 text-muted">
      <span className="mono text-text select-all">sallyport ui</span> starts it and opens a new page
    </span>
  );
}
