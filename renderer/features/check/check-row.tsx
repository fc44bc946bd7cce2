import { memo, type ReactNode, useEffect, useRef } from 'react';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { MiddleTruncate } from '../../components/middle-truncate.tsx';
import { useAppState, useCheck, useTunnel } from '../../state/app-state.ts';
import { daemonItem } from './check-items.ts';
import { outcomeOf } from './check-outcome.ts';
import { daemonWords } from './daemon-health.ts';
import { OutcomeMark, type OutcomeMarkProps } from './outcome-mark.tsx';
import { useDaemonStatus } from './use-daemon-status.ts';

export interface CheckRowProps {
  readonly id: string;
  readonly isSelected: boolean;
  /** Whether it takes the focus when it becomes the selected one. */
  readonly takesFocus: boolean;
  readonly onSelect: (id: string) => void;
}

/** The daemon or one tunnel on 40 px: whether it is as it should be. The whole row selects; its button checks. */
export const CheckRow = memo(function CheckRow(props: CheckRowProps) {
  return props.id === daemonItem ? <DaemonRow {...props} /> : <TunnelCheckRow {...props} />;
});

function DaemonRow(props: CheckRowProps) {
  const { status, notes } = useDaemonStatus();
  const hasError = notes.some(({ kind }) => kind === 'error');
  const outcome = !status ? 'running' : hasError ? 'bad' : notes.length > 0 ? 'degraded' : 'good';
  return <Row {...props} outcome={outcome} name="This daemon" words={status ? daemonWords(status) : ''} />;
}

function TunnelCheckRow(props: CheckRowProps) {
  const { checks } = useAppState();
  const tunnel = useTunnel(props.id);
  const { running, found } = useCheck(props.id);
  if (!tunnel) return null;
  const result = found && outcomeOf(found);
  return (
    <Row
      {...props}
      outcome={running ? 'running' : (result?.outcome ?? 'unknown')}
      name={tunnel.name}
      words={result?.words ?? tunnel.target}
    >
      <Button
        className="relative"
        tabIndex={-1}
        disabled={running}
        aria-label={`Check ${tunnel.name}`}
        onClick={() => {
          checks.run([tunnel.id]);
          props.onSelect(tunnel.id);
        }}
      >
        Check
      </Button>
    </Row>
  );
}

interface RowProps extends CheckRowProps, OutcomeMarkProps {
  readonly name: string;
  readonly words: string;
  readonly children?: ReactNode;
}

function Row({ id, isSelected, takesFocus, onSelect, outcome, name, words, children }: RowProps) {
  const main = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isSelected && takesFocus) main.current?.focus({ preventScroll: true });
  }, [isSelected, takesFocus]);
  return (
    <div
      className={classNames(
        'relative flex h-10 items-center gap-3 border-b border-line pr-2 pl-4 transition-colors',
        isSelected ? 'bg-selected' : 'hover:bg-hover',
      )}
    >
      <button
        ref={main}
        type="button"
        data-row={id}
        tabIndex={isSelected ? 0 : -1}
        aria-current={isSelected}
        onClick={() => onSelect(id)}
        className="absolute inset-0 rounded-sm outline-offset-[-2px]"
      >
        <span className="sr-only">{name}</span>
      </button>
      <OutcomeMark outcome={outcome} />
      <span className="pointer-events-none w-[30%] max-w-72 min-w-24 shrink-0 font-medium">
        <MiddleTruncate text={name} className="pointer-events-auto relative" />
      </span>
      <span
        className={classNames(
          'pointer-events-none min-w-0 flex-1 truncate',
          outcome !== 'bad' && 'text-muted',
        )}
      >
        {words}
      </span>
      {children}
    </div>
  );
}
