import { memo, type ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { ListRow } from '../../components/list-row.tsx';
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

function Row({ outcome, words, children, ...row }: RowProps) {
  return (
    <ListRow {...row} mark={<OutcomeMark outcome={outcome} />}>
      <span
        className={classNames(
          'pointer-events-none min-w-0 flex-1 truncate',
          outcome !== 'bad' && 'text-muted',
        )}
      >
        {words}
      </span>
      {children}
    </ListRow>
  );
}
