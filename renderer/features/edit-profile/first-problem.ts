import { type RefObject, useEffect, useRef, useState } from 'react';

export interface FirstProblem {
  readonly ref: RefObject<HTMLDivElement | null>;
  /** Leads to the first field that is not right, once it is marked. */
  readonly look: () => void;
}

/** Who saves what is not right yet comes to the first place that is to be mended. */
export function useFirstProblem(): FirstProblem {
  const ref = useRef<HTMLDivElement>(null);
  const [looks, setLooks] = useState(0);
  useEffect(() => {
    if (looks === 0) return;
    const field = ref.current?.querySelector('[aria-invalid=true]');
    if (field instanceof HTMLElement) field.focus();
  }, [looks]);
  return { ref, look: () => setLooks((before) => before + 1) };
}
