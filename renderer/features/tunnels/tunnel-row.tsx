import { Check, Copy } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import { count, shortUid, stateWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { Hint } from '../../components/hint.tsx';
import { ListRow } from '../../components/list-row.tsx';
import { MiddleTruncate } from '../../components/middle-truncate.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { StateGlyph, stateColor } from '../../components/state-glyph.tsx';
import { useAction, useCopied, useNow, useThroughput, useTunnel, useView } from '../../state/app-state.ts';
import { startQuestion } from '../../state/questions.ts';
import { throughputSeconds } from '../../state/throughput.ts';
import { primaryAction } from './primary-action.ts';
import { rateWords } from './rate-words.ts';

export interface TunnelRowProps {
  readonly id: string;
  readonly isSelected: boolean;
  /** Whether it takes the focus when it becomes the selected one. */
  readonly takesFocus: boolean;
  readonly onSelect: (id: string) => void;
  readonly onPrimary: (id: string) => void;
}

/** One tunnel on 40 px: what it is called, where it leads, what it offers. The whole row selects; its button acts. */
export const TunnelRow = memo(function TunnelRow({
  id,
  isSelected,
  takesFocus,
  onSelect,
  onPrimary,
}: TunnelRowProps) {
  const tunnel = useTunnel(id);
  if (!tunnel) return null;
  const isProduction = tunnel.environment === 'production';
  return (
    <ListRow
      id={id}
      name={tunnel.name}
      spoken={`${tunnel.name}, ${tunnel.shown}${isProduction ? ', production' : ''}`}
      mark={<StateGlyph state={tunnel.shown} />}
      isSelected={isSelected}
      takesFocus={takesFocus}
      onSelect={onSelect}
    >
      {isProduction && <span aria-hidden className="absolute inset-y-0 left-0 w-1 bg-production" />}
      <Situation tunnel={tunnel} />
      <RowEnd tunnel={tunnel} onPrimary={onPrimary} />
    </ListRow>
  );
});

/** Where it leads, or why it does not. */
function Situation({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { state, shown, held } = tunnel;
  const waiting = held > 0 ? ` · ${held} held` : '';
  switch (state.kind) {
    case 'ready':
      return (
        <Cells role={state.pod.role}>
          <MiddleTruncate text={state.pod.name} hasHint={false} className="min-w-0" />
          <span className="mono shrink-0 text-muted @max-[400px]:hidden">{`· ${shortUid(state.pod.uid)}`}</span>
        </Cells>
      );
    case 'waiting':
      return (
        <Cells>
          <Elapsed tunnel={tunnel} />
          <span className="truncate">{`${errorText(state.reason).headline}${waiting}`}</span>
        </Cells>
      );
    case 'connecting':
      return (
        <Cells>
          <Elapsed tunnel={tunnel} />
          <span className="truncate text-muted">{`${state.step}${waiting}`}</span>
        </Cells>
      );
    case 'blocked':
      return (
        <Cells>
          <span className="shrink-0 text-needs">needs you</span>
          <span className="truncate">{errorText(state.error).headline}</span>
        </Cells>
      );
    case 'off':
      return (
        <Cells>
          {shown === 'paused' && <span className="shrink-0 text-paused">paused</span>}
          <span className="truncate text-muted">{tunnel.target}</span>
        </Cells>
      );
  }
}

function Cells({ role, children }: { readonly role?: string | undefined; readonly children: ReactNode }) {
  return (
    <span className="pointer-events-none flex min-w-0 flex-1 items-center gap-1.5 overflow-hidden">
      {children}
      {role && <span className="ml-auto shrink-0 pl-2 text-sm text-muted @max-[700px]:hidden">{role}</span>}
    </span>
  );
}

function Elapsed({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const nowMs = useNow();
  return <span className={`shrink-0 ${stateColor[tunnel.shown]}`}>{stateWords(tunnel, nowMs)}</span>;
}

interface RowEndProps {
  readonly tunnel: TunnelEntity;
  readonly onPrimary: (id: string) => void;
}

function RowEnd({ tunnel, onPrimary }: RowEndProps) {
  const { id, shown, localPort, connections } = tunnel;
  const asked = useView((view) => startQuestion(view, tunnel));
  const { running } = useAction(id);
  const action = primaryAction(tunnel, asked);
  if (action.kind !== 'copy') {
    return (
      <Button
        look={shown === 'needs you' ? 'urgent' : 'plain'}
        className="relative min-w-[88px]"
        tabIndex={-1}
        disabled={running !== undefined}
        aria-label={`${action.label} ${tunnel.name}`}
        onClick={() => onPrimary(id)}
      >
        {action.label}
      </Button>
    );
  }
  return (
    <>
      <span className="mono w-14 shrink-0 text-right @max-[360px]:hidden">
        {localPort && `:${localPort}`}
      </span>
      <CopyMark tunnel={tunnel} onPrimary={onPrimary} />
      <Hint text={`${count(connections, 'connection')} now`}>
        <span className="relative w-7 shrink-0 text-right text-muted @max-[400px]:hidden">{connections}</span>
      </Hint>
      <Throughput id={id} />
    </>
  );
}

/** The primary action of a row that is ready, as small as it is often used. */
function CopyMark({ tunnel: { id, name }, onPrimary }: RowEndProps) {
  const isCopied = useCopied()?.of === id;
  const label = isCopied ? 'Copied' : `Copy how to connect to ${name}`;
  return (
    <Hint text={label} keys={isCopied ? undefined : 'C'}>
      <button
        type="button"
        aria-label={label}
        tabIndex={-1}
        onClick={() => onPrimary(id)}
        className="relative inline-flex size-7 shrink-0 items-center justify-center rounded text-muted transition-colors hover:bg-ground hover:text-text"
      >
        {isCopied ? <Check size={15} className="text-accent" aria-hidden /> : <Copy size={15} aria-hidden />}
      </button>
    </Hint>
  );
}

function Throughput({ id }: { readonly id: string }) {
  const rates = useThroughput(id);
  return (
    <span className="shrink-0 @max-[560px]:hidden">
      <Sparkline values={rates} length={throughputSeconds} label={rateWords(rates)} />
    </span>
  );
}
