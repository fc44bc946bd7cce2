import { Check, Copy } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { timeWords } from '../../../src/client/tunnel-words.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { useAppState, useCopied } from '../../state/app-state.ts';
import type { Link } from '../../state/view-store.ts';

/** A daemon that restarts at once, or a page that was dropped because it slept, is back by then. */
const graceMs = 4_000;
const pageCommand = 'sallyport ui';

/** Over the last known list, while the daemon is away. */
export function LostBar({ link }: { readonly link: Extract<Link, { kind: 'lost' }> }) {
  const { api, clock } = useAppState();
  const [lostAtMs] = useState(() => clock.wallMs());
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = clock.after(graceMs, () => setLong(true));
    return () => timer.cancel();
  }, [clock]);
  const { headline, next } = errorText(link.error);
  return (
    <div
      role="alert"
      className="flex min-h-10 shrink-0 items-center gap-x-4 gap-y-1 border-b border-l-4 border-b-line border-l-waiting bg-surface py-1.5 pr-2 pl-3 max-[959px]:flex-col max-[959px]:items-start"
    >
      <p className="min-w-0 flex-1 text-pretty">
        {link.final ? (
          <Said what={`${headline}.`}>{next}</Said>
        ) : isLong && !api.startDaemon ? (
          <Said what={`The daemon has not answered since ${timeWords(lostAtMs).slice(11)}.`}>
            This is what it said last. If it ended, its tunnels ended with it; those that were on come back
            with the next one, on the same ports.
          </Said>
        ) : (
          <Said what="The daemon is away. Reconnecting…">This is what it said last.</Said>
        )}
      </p>
      <StartButton />
    </div>
  );
}

function Said({ what, children }: { readonly what: string; readonly children: ReactNode }) {
  return (
    <>
      <span className="font-medium">{what}</span> <span className="text-muted">{children}</span>
    </>
  );
}

/** A desktop starts a daemon; a browser can say how. */
export function StartButton() {
  const { api, copies } = useAppState();
  const isCopied = useCopied()?.of === pageCommand;
  const { startDaemon } = api;
  if (startDaemon) return <Button onClick={() => void startDaemon()}>Start the daemon</Button>;
  return (
    <span className="flex items-center gap-1 text-muted min-[960px]:shrink-0">
      <span className="mono shrink-0 text-text select-all">{pageCommand}</span>
      <IconButton
        icon={isCopied ? Check : Copy}
        label={isCopied ? 'Copied' : `Copy ${pageCommand}`}
        // Where the system lets nobody copy, the command still stands there to be marked.
        onClick={() => void copies.copy({ of: pageCommand, what: 'command' }, pageCommand).catch(() => {})}
      />
      starts one and opens its page
    </span>
  );
}
