export interface SparklineProps {
  /** Oldest first. */
  readonly values: readonly number[];
  /** How many there can be: newer ones come in at the right. */
  readonly length: number;
  readonly label: string;
}

const widthPx = 64;
const heightPx = 18;

/** A line of what went through lately, scaled to its own peak; a flat line where nothing did. */
export function Sparkline({ values, length, label }: SparklineProps) {
  const peak = Math.max(...values, 1);
  const step = widthPx / (length - 1);
  const points = values.map((value, index) => {
    const x = widthPx - (values.length - 1 - index) * step;
    return `${x.toFixed(1)},${(heightPx - 1 - (value / peak) * (heightPx - 3)).toFixed(1)}`;
  });
  return (
    <svg
      viewBox={`0 0 ${widthPx} ${heightPx}`}
      width={widthPx}
      height={heightPx}
      role="img"
      aria-label={label}
      className="shrink-0 text-accent"
    >
      <path d={`M0 ${heightPx - 0.5}H${widthPx}`} className="stroke-line" />
      {points.length > 1 && (
        <polyline points={points.join(' ')} className="fill-none stroke-current" strokeWidth="1.25" />
      )}
    </svg>
  );
}
