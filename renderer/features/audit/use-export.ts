import { useEffect, useRef, useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { useAppState } from '../../state/app-state.ts';
import type { AuditSearch } from './audit-search.ts';
import { collectEvents, type ExportFormat, exportName, exportText, saveFile } from './export-events.ts';

export type ExportState =
  | { readonly kind: 'running'; readonly read: number }
  | { readonly kind: 'done'; readonly events: number; readonly name: string; readonly isWhole: boolean }
  | { readonly kind: 'failed'; readonly error: ErrorData };

export interface Export {
  readonly state: ExportState | undefined;
  readonly run: (search: AuditSearch, format: ExportFormat) => Promise<void>;
  /** Stops it where it runs, and takes what is said of it away. */
  readonly end: () => void;
}

/** One export at a time; leaving the view stops it. */
export function useExport(): Export {
  const { api, clock } = useAppState();
  const [state, setState] = useState<ExportState>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const run = async (search: AuditSearch, format: ExportFormat) => {
    running.current?.abort();
    const here = new AbortController();
    running.current = here;
    const become = (next: ExportState) => !here.signal.aborted && setState(next);
    become({ kind: 'running', read: 0 });
    try {
      const onProgress = (read: number) => become({ kind: 'running', read });
      const { records, isWhole } = await collectEvents({ api, search, signal: here.signal, onProgress });
      if (here.signal.aborted) return;
      const name = exportName(format, clock.wallMs());
      saveFile(name, exportText(records, format), format);
      become({ kind: 'done', events: records.length, name, isWhole });
    } catch (thrown) {
      become({ kind: 'failed', error: AppError.from(thrown).toData() });
    }
  };
  const end = () => {
    running.current?.abort();
    setState(undefined);
  };
  return { state, run, end };
}
