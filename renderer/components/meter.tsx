import { Meter as Base } from '@base-ui/react/meter';
import { classNames } from './class-names.ts';

export interface MeterProps {
  readonly label: string;
  /** 0 to 1. */
  readonly share: number;
  /** What it means, in words. */
  readonly words: string;
  readonly isNear: boolean;
}

/** How much of what there is has gone. */
export function Meter({ label, share, words, isNear }: MeterProps) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <Base.Root value={percent} aria-label={label} getAriaValueText={() => words}>
      <Base.Track className="h-1 overflow-hidden rounded-full bg-line">
        <Base.Indicator className={classNames('rounded-full', isNear ? 'bg-waiting' : 'bg-accent')} />
      </Base.Track>
    </Base.Root>
  );
}
