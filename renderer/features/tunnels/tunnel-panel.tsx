import { Check, Pencil, RotateCw, SquareTerminal, X } from 'lucide-react';
import { memo } from 'react';
import { localWords, sinceWords, situation, stateWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Hint } from '../../components/hint.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { MiddleTruncate } from '../../components/middle-truncate.tsx';
import { StateGlyph, stateColor } from '../../components/state-glyph.tsx';
import { Toggle } from '../../components/toggle.tsx';
import { useAction, useAppState, useCopied, useNow, useTunnel, useView } from '../../state/app-state.ts';
import { go } from '../../state/route.ts';
import { SandboxControls } from '../sandbox/sandbox-controls.tsx';
import { isSandboxTunnel } from '../sandbox/sandbox-words.ts';
import { DetailTabs, type PanelTab } from '../tunnel-detail/detail-tabs.tsx';
import { clientCommand, useCopier } from './connection-strings.ts';
import { CopyButton } from './copy-button.tsx';
import { primaryAction } from './primary-action.ts';
import { StateNote } from './state-note.tsx';

export interface TunnelPanelProps {
  readonly id: string;
  readonly tab: PanelTab;
  readonly onTab: (tab: PanelTab) => void;
  readonly onClose: () => void;
  /** What its row does. */
  readonly onPrimary: (id: string) => void;
}

/** All of one tunnel: its state in words, how to connect, what answers, what bounds it, and what to do. */
export const TunnelPanel = memo(function TunnelPanel(props: TunnelPanelProps) {
  const { id, tab, onTab, onClose, onPrimary } = props;
  const tunnel = useTunnel(id);
  const { error } = useAction(id);
  if (!tunnel) return null;
  return (
    <section
      aria-label={tunnel.name}
      data-scroller
      data-production={tunnel.environment === 'production' || undefined}
      className="flex min-h-0 flex-col overflow-y-auto border-line bg-surface [scrollbar-gutter:stable] max-[959px]:border-t min-[960px]:border-l"
    >
      {tunnel.environment === 'production' && (
        <p className="sticky top-0 z-20 border-l-4 border-production bg-production-ground px-4 py-1 text-sm font-semibold text-production">
          Production
        </p>
      )}
      <div className="flex flex-col gap-4 p-4">
        <PanelHeader tunnel={tunnel} onClose={onClose} />
        {error && <ErrorNote error={error} />}
        <StateNote tunnel={tunnel} />
        {(hasPort(tunnel) || isResting(tunnel)) && <HowToConnect tunnel={tunnel} onPrimary={onPrimary} />}
        <SandboxControls tunnel={tunnel} />
        <DetailTabs tunnel={tunnel} tab={tab} onTab={onTab} />
      </div>
    </section>
  );
});

function PanelHeader({ tunnel, onClose }: { readonly tunnel: TunnelEntity; readonly onClose: () => void }) {
  const { actions } = useAppState();
  const { running } = useAction(tunnel.id);
  const isOn = running === 'up' || (tunnel.wanted === 'on' && running !== 'down');
  return (
    <header className="flex flex-col gap-1">
      <div className="flex items-center gap-1">
        <h2 className="min-w-0 flex-1 text-lg font-semibold">
          <MiddleTruncate text={tunnel.name} />
        </h2>
        <Toggle
          checked={isOn}
          label={`${tunnel.name} is on`}
          disabled={running !== undefined}
          onChange={(on) => void actions.run(on ? 'up' : 'down', tunnel.id)}
        />
        <IconButton
          icon={RotateCw}
          label="Restart on the same port"
          disabled={running !== undefined || tunnel.wanted !== 'on'}
          onClick={() => void actions.run('restart', tunnel.id)}
        />
        {tunnel.origin.kind === 'profile' && (
          <IconButton
            icon={Pencil}
            label="Edit the profile"
            keys="E"
            onClick={() => go({ view: 'edit', chosen: tunnel.id })}
          />
        )}
        <IconButton icon={X} label="Close the panel" keys="Esc" onClick={onClose} />
      </div>
      <StateLine tunnel={tunnel} />
      {tunnel.description && <p className="text-muted">{tunnel.description}</p>}
    </header>
  );
}

function StateLine({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const nowMs = useNow();
  const { shown, state } = tunnel;
  const elapsed = stateWords(tunnel, nowMs).slice(shown.length);
  const since = state.kind === 'ready' && nowMs - state.sinceMs >= 1_000 ? sinceWords(tunnel, nowMs) : '';
  return (
    <p className="flex items-center gap-2">
      <StateGlyph state={shown} />
      <span className={`shrink-0 font-medium whitespace-pre ${stateColor[shown]}`}>
        {/* Read out when it changes, so that nothing in it counts seconds. */}
        <span role="status">{shown}</span>
        {elapsed}
      </span>
      {since && <span className="text-muted">{`for ${since}`}</span>}
      {shown === 'connecting' && <span className="truncate text-muted">{situation(tunnel)}</span>}
    </p>
  );
}

function hasPort({ addresses, localPort }: TunnelEntity): boolean {
  return addresses.length > 0 || localPort !== undefined;
}

/** Nothing answers at its port before it is brought up: that is done first. */
function isResting({ shown }: TunnelEntity): boolean {
  return shown === 'off' || shown === 'paused';
}

function HowToConnect({
  tunnel,
  onPrimary,
}: Pick<TunnelPanelProps, 'onPrimary'> & { readonly tunnel: TunnelEntity }) {
  const { api } = useAppState();
  const { running } = useAction(tunnel.id);
  const copier = useCopier();
  const copied = useCopied();
  const isCopied = copied?.of === tunnel.id && copied.what === clientCommand;
  const isSandbox = useView(({ sandbox }) => isSandboxTunnel(sandbox, tunnel.id)) ?? false;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        {isResting(tunnel) && (
          <Button look="primary" disabled={running !== undefined} onClick={() => onPrimary(tunnel.id)}>
            {primaryAction(tunnel, undefined).label}
          </Button>
        )}
        {hasPort(tunnel) && (
          <CopyButton tunnel={tunnel} isMain={!isResting(tunnel) && tunnel.shown !== 'needs you'} />
        )}
        {tunnel.kind === 'postgres' && !isSandbox && !isResting(tunnel) && (
          <Hint
            text={
              api.openClient
                ? 'Opens it in a terminal'
                : 'Copies the command that opens psql and knows the password'
            }
            keys="P"
          >
            <Button icon={isCopied ? Check : SquareTerminal} onClick={() => void copier.openClient(tunnel)}>
              {api.openClient ? 'Open psql' : isCopied ? 'Copied' : 'sallyport psql'}
            </Button>
          </Hint>
        )}
      </div>
      {hasPort(tunnel) && <p className="mono select-all">{localWords(tunnel)}</p>}
      {tunnel.gateway && (
        <p className="text-sm text-muted">
          <span className="mono mr-1.5" aria-hidden>
            ••••••••
          </span>
          What is copied carries a password that works only on this machine, for you.
        </p>
      )}
    </div>
  );
}
