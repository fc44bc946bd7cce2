import { FlaskConical, RotateCw, Square } from 'lucide-react';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { isSandboxTunnel } from './sandbox-words.ts';
import { useSandbox } from './use-sandbox.ts';

/** Of the panel of the sandbox's own tunnel: what nobody could do to a pod of a real cluster by a click. */
export function SandboxControls({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { status, error, restartPod, stop } = useSandbox();
  if (!isSandboxTunnel(status, tunnel.id)) return null;
  return (
    <div className="flex flex-col gap-2 rounded border border-line bg-ground p-3">
      <p className="flex items-center gap-2 font-medium">
        <FlaskConical size={14} aria-hidden className="text-accent" />
        See it outlive its pod
      </p>
      <p className="text-pretty text-muted">
        Leave psql open, restart the pod, and ask again: the port stays, and the new pod answers.
      </p>
      {error && <ErrorNote error={error} />}
      <div className="flex flex-wrap gap-2">
        <Button icon={RotateCw} onClick={restartPod}>
          Restart the pod
        </Button>
        <Button look="quiet" icon={Square} onClick={stop}>
          Stop the sandbox
        </Button>
      </div>
    </div>
  );
}
